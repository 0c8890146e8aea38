using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>One run of a load.</summary>
/// <param name="Figures">What the guest moved.</param>
/// <param name="Counts">What that cost the monitor, where it can be asked.</param>
internal sealed record LoadSample(LoadFigures Figures, DeviceCounts? Counts);
