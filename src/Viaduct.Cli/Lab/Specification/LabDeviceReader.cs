using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads served devices.</summary>
internal static class LabDeviceReader
{
    /// <summary>The keys of a device.</summary>
    internal static readonly string[] Keys = ["type", "disks", "vfs", "limits"];

    internal static LabDevice Read(string name, YamlNode node, LabDiskReader disks, YamlProblems problems)
    {
        YamlFields fields = new(node, $"device '{name}'", Keys, problems);
        if (fields.OneOf("type", "nvme") is null && !fields.Has("type"))
        {
            problems.Add(fields.At, $"device '{name}' without 'type'", "'type: nvme'");
        }

        int virtualFunctions = (int)(fields.Number("vfs", 0, LabDevice.MaxVirtualFunctions) ?? 0);
        IReadOnlyList<LabDisk> read = disks.Read(fields, $"device '{name}'", LabDiskReader.DeviceKeys, virtualFunctions);
        if (read.Count == 0 && fields.Node("disks") is null or YamlSequence)
        {
            problems.Add(fields.Place("disks"), $"device '{name}' without disks", "'disks' with at least one");
        }

        return new LabDevice
        {
            Name = name,
            Disks = read,
            VirtualFunctions = virtualFunctions,
            Limits = LabLimitReader.Read(fields, virtualFunctions, problems),
        };
    }
}
