namespace Viaduct.Cli.Bench.Disk;

/// <summary>A road's row in the table: its speed, and what a request cost the monitor.</summary>
/// <param name="Speed">The speed, beside the peer's.</param>
/// <param name="Exits">Exits a request; not a number where there was none.</param>
/// <param name="Interrupts">Interrupts a request.</param>
/// <param name="CpuMicroseconds">The monitor's CPU time a request.</param>
internal readonly record struct DiskRow(BenchResult Speed, double Exits, double Interrupts, double CpuMicroseconds);
