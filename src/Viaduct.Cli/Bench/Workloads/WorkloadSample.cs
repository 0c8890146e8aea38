namespace Viaduct.Cli.Bench.Workloads;

/// <summary>What one run of a workload took.</summary>
/// <param name="Seconds">By the host's clock.</param>
/// <param name="CpuSeconds">CPU time of the process that ran it, its children's included.</param>
internal readonly record struct WorkloadSample(double Seconds, double CpuSeconds);
