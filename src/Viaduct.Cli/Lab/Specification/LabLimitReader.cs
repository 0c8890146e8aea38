using System.Globalization;
using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads the rates of a shared device's functions.</summary>
internal static class LabLimitReader
{
    /// <summary>The keys of a limit.</summary>
    internal static readonly string[] Keys = ["iops", "bandwidth", "burst"];

    private const string Physical = "pf";
    private const string Virtual = "vf";
    private const long MostIops = 1_000_000_000;

    /// <summary>Reads those of a device.</summary>
    /// <param name="device">Its fields.</param>
    /// <param name="virtualFunctions">How many it has.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal static IReadOnlyList<LabLimit> Read(YamlFields device, int virtualFunctions, YamlProblems problems)
    {
        if (device.Node("limits") is not { } node)
        {
            return [];
        }

        string expected = virtualFunctions == 0
            ? "'vfs' in the device: only functions of a shared one have limits"
            : $"a function, '{Physical}' or '{Virtual}1' to '{Virtual}{virtualFunctions}'";
        if (virtualFunctions == 0 || node is not YamlMapping mapping)
        {
            problems.Add(node.At, virtualFunctions == 0 ? "limits of a device that isn't shared" : node.Found, virtualFunctions == 0 ? expected : "a mapping of functions to their limits");
            return [];
        }

        List<LabLimit> limits = [];
        foreach (YamlEntry entry in mapping.Entries)
        {
            if (Function(entry.Key.Text, virtualFunctions) is { } function)
            {
                limits.Add(Read(function, new YamlFields(entry.Value, "a limit", Keys, problems), problems));
            }
            else
            {
                problems.Add(entry.Key.At, entry.Key.Found, expected);
            }
        }

        return limits;
    }

    private static LabLimit Read(int function, YamlFields fields, YamlProblems problems)
    {
        if (!fields.Has("iops") && !fields.Has("bandwidth"))
        {
            problems.Add(fields.At, "a limit without 'iops' and 'bandwidth'", "one of them or both");
        }

        return new LabLimit
        {
            Function = function,
            Iops = fields.Number("iops", 1, MostIops),
            Bandwidth = (long?)fields.Size("bandwidth", 4096, 1UL << 50, 1),
            Burst = (int?)fields.Number("burst", 0, LabLimit.MaxBurst),
        };
    }

    private static int? Function(string name, int virtualFunctions)
    {
        if (name == Physical)
        {
            return 0;
        }

        return name.StartsWith(Virtual, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Virtual.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= 1
            && number <= virtualFunctions
            ? number
            : null;
    }
}
