using System.Runtime.InteropServices;

namespace Viaduct.Cli.Bench;

/// <summary>The host of a measurement.</summary>
/// <param name="Processor">Its model.</param>
/// <param name="Processors">How many of them this process may use.</param>
/// <param name="Kernel">The host's operating system.</param>
/// <param name="Runtime">The .NET runtime.</param>
internal sealed record BenchMachine(string Processor, int Processors, string Kernel, string Runtime)
{
    private const string ModelKey = "model name";

    /// <summary>Where disks' images lay, where the bench has any.</summary>
    public string? Storage { get; init; }

    /// <summary>This host.</summary>
    internal static BenchMachine Here() =>
        new(Model(), Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription);

    private static string Model()
    {
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(ModelKey, StringComparison.Ordinal));
        return line is null ? "unknown" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
