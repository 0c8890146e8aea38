namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>A register of a device that is served over vfio-user.</summary>
/// <param name="Socket">The server's socket.</param>
/// <param name="Region">The region; null for the first BAR there is.</param>
/// <param name="Offset">From the region's start.</param>
/// <param name="Size">Bytes: 1, 2, 4 or 8.</param>
internal sealed record RegisterPlace(string Socket, int? Region, ulong Offset, int Size);
