using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.Pci;

/// <summary>A part of a BAR: registers, or memory that the guest reaches without an exit. Dispose it to take it away.</summary>
public sealed class BarRegion : IDisposable
{
    private readonly PciBar _bar;
    private IReadOnlyList<DoorbellSignal> _signals = [];

    internal BarRegion(PciBar bar, ulong offset, ulong length)
    {
        _bar = bar;
        Offset = offset;
        Length = length;
    }

    /// <summary>Bytes from the start of the BAR.</summary>
    public ulong Offset { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>Who answers, when it is registers.</summary>
    public IAccessHandler? Handler { get; internal init; }

    /// <summary>Whether writes are doorbells: noted without device code, and counted as such.</summary>
    public bool IsDoorbell { get; internal init; }

    /// <summary>Whether a write may wait until the device has no request any more, as one does that resets it. Set when the device is built.</summary>
    public bool WaitsForDevice { get; set; }

    /// <summary>
    /// Where an engine may raise eventfds for writes instead of calling the handler, by offset from the region's start.
    /// Setting it makes the mappings follow before it returns: not under a lock that a processor may want.
    /// </summary>
    public IReadOnlyList<DoorbellSignal> Signals
    {
        get => Volatile.Read(ref _signals);
        set
        {
            Volatile.Write(ref _signals, value);
            _bar.Function.Reroute();
        }
    }

    /// <summary>What is seen, when it is memory.</summary>
    public HostMemory? Memory { get; internal init; }

    /// <summary>Where in <see cref="Memory"/> the region begins.</summary>
    public ulong MemoryOffset { get; internal init; }

    /// <summary>Takes the region out of the BAR.</summary>
    public void Dispose() => _bar.Remove(this);
}
