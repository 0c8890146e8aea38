namespace Viaduct.Cli.Bench.Disk;

/// <summary>What one load moved in a guest.</summary>
/// <param name="Bytes">Bytes read or written.</param>
/// <param name="Seconds">How long that took, by the guest's clock, corrected by the host's.</param>
/// <param name="Clock">Seconds of the guest's clock for one of the host's.</param>
internal sealed record LoadFigures(double Bytes, double Seconds, double Clock);
