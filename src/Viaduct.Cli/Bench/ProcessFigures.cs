using System.Globalization;
using Viaduct.Platform.Memory;

namespace Viaduct.Cli.Bench;

/// <summary>What Linux knows of this process (proc(5)).</summary>
internal static class ProcessFigures
{
    private const string ResidentKey = "Rss:";

    /// <summary>Bytes that the process has in RAM, but for its guest's RAM.</summary>
    internal static unsafe long MemoryWithoutGuest(HostMemory ram)
    {
        long kibibytes = 0;
        bool counts = true;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            if (char.IsAsciiHexDigitLower(line[0]))
            {
                ulong start = ulong.Parse(line.AsSpan(0, line.IndexOf('-', StringComparison.Ordinal)), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                counts = start - (ulong)ram.Pointer >= ram.Length;
            }
            else if (counts && line.StartsWith(ResidentKey, StringComparison.Ordinal))
            {
                kibibytes += long.Parse(line[ResidentKey.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
            }
        }

        return kibibytes << 10;
    }

    /// <summary>CPU seconds of the threads whose names begin so; zero where there is none.</summary>
    internal static double ThreadSeconds(string name)
    {
        double seconds = 0;
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (File.ReadAllText(Path.Combine(task, "comm")).StartsWith(name, StringComparison.Ordinal))
            {
                string nanoseconds = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0];
                seconds += long.Parse(nanoseconds, CultureInfo.InvariantCulture) / 1e9;
            }
        }

        return seconds;
    }
}
