namespace Viaduct.Platform.Pci;

/// <summary>What the bridges above a bus let through: its number and the last one that leads to it, bus mastering, and the addresses that reach it.</summary>
internal sealed record Upstream(int BusNumber, int LastBus, bool Mastering, IReadOnlyList<AddressRange> Memory, IReadOnlyList<AddressRange> Io);
