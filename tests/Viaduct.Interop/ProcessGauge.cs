using System.Globalization;

namespace Viaduct.Interop;

/// <summary>What a process has of what must not grow (proc(5)).</summary>
/// <param name="Descriptors">Open descriptors.</param>
/// <param name="MemoryFiles">Those of them that are memory without a name.</param>
/// <param name="Maps">Mappings.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Resident">KiB in RAM.</param>
internal readonly record struct ProcessGauge(int Descriptors, int MemoryFiles, int Maps, int Threads, int Resident)
{
    // The runtime opens a few descriptors, maps and threads of its own at any time, and its heap breathes.
    private const int SpareDescriptors = 8;
    private const int SpareMaps = 300;
    private const int SpareThreads = 8;
    private const int SpareResident = 48 << 10;

    internal static ProcessGauge Of(int process)
    {
        string folder = $"/proc/{process}";
        string[] descriptors = Directory.GetFiles(Path.Combine(folder, "fd"));
        return new ProcessGauge(
            descriptors.Length,
            descriptors.Count(IsMemoryFile),
            File.ReadLines(Path.Combine(folder, "maps")).Count(),
            Directory.GetDirectories(Path.Combine(folder, "task")).Length,
            ResidentOf(folder));
    }

    /// <summary>Fails where there is more than before by what a leak at each kill makes.</summary>
    internal void AssertFlat(in ProcessGauge before, string who)
    {
        bool flat = Descriptors <= before.Descriptors + SpareDescriptors
            && MemoryFiles <= before.MemoryFiles
            && Maps <= before.Maps + SpareMaps
            && Threads <= before.Threads + SpareThreads
            && Resident <= before.Resident + SpareResident;
        Assert.True(flat, $"{who} had {before}, and has {this}");
    }

    private static bool IsMemoryFile(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName.Contains("/memfd:", StringComparison.Ordinal) ?? false;
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return false;
        }
    }

    private static int ResidentOf(string folder)
    {
        const string Key = "VmRSS:";
        string line = File.ReadLines(Path.Combine(folder, "status")).First(each => each.StartsWith(Key, StringComparison.Ordinal));
        return int.Parse(line[Key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
