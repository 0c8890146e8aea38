namespace Viaduct.Platform.Pci;

/// <summary>What the bridges above a bus let through: its number, bus mastering, and the addresses that reach it.</summary>
internal sealed record Upstream(int BusNumber, bool Mastering, IReadOnlyList<AddressRange> Memory, IReadOnlyList<AddressRange> Io);
