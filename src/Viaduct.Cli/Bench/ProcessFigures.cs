using System.Globalization;

namespace Viaduct.Cli.Bench;

/// <summary>What Linux knows of this process (proc(5)).</summary>
internal static class ProcessFigures
{
    /// <summary>Bytes in RAM that are the process's own or of its files; guest RAM is shared memory and isn't among them.</summary>
    internal static long MemoryWithoutGuest() => Status("RssAnon:") + Status("RssFile:");

    /// <summary>CPU seconds of the first thread of a name; zero where there is none.</summary>
    internal static double ThreadSeconds(string name)
    {
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (File.ReadAllText(Path.Combine(task, "comm")).TrimEnd('\n') == name)
            {
                string nanoseconds = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0];
                return long.Parse(nanoseconds, CultureInfo.InvariantCulture) / 1e9;
            }
        }

        return 0;
    }

    private static long Status(string key)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        string kibibytes = line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
    }
}
