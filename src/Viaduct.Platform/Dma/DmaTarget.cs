using Viaduct.Platform.Accounting;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.Dma;

/// <summary>
/// A function's identity on the bus: its view of memory, its requester ID and where its message-signalled interrupts
/// go, together, so that they can't disagree. Whoever hosts the device grants and revokes it (Bus Master Enable of the
/// function and of every bridge above it); while revoked, reads, writes and MSIs fail, and the device needs no check
/// of its own.
/// </summary>
public sealed class DmaTarget
{
    private readonly GuestMemory _memory;
    private readonly IMsiSink _msi;
    private readonly DeviceCounters _counters;
    private volatile bool _granted;
    private ushort _requesterId;

    /// <param name="memory">What the function sees as memory.</param>
    /// <param name="msi">Where its MSIs arrive.</param>
    /// <param name="counters">Where its bytes and interrupts are counted.</param>
    /// <param name="interruptEvents">How eventfds raise its MSIs, where they can.</param>
    public DmaTarget(GuestMemory memory, IMsiSink msi, DeviceCounters counters, IInterruptEvents? interruptEvents = null)
    {
        InterruptEvents = interruptEvents;
        _memory = memory;
        _msi = msi;
        _counters = counters;
    }

    /// <summary>Where its bytes and interrupts are counted.</summary>
    public DeviceCounters Counters => _counters;

    /// <summary>How eventfds raise its MSIs past the monitor; null where they can't.</summary>
    public IInterruptEvents? InterruptEvents { get; }

    /// <summary>Raised after <see cref="RequesterId"/> or <see cref="Granted"/> changed, on the thread and under the locks of who set them.</summary>
    internal event Action? Changed;

    /// <summary>Bus (15:8), device (7:3), function (2:0), as they stand now. Set by the host of the function.</summary>
    public ushort RequesterId
    {
        get => _requesterId;
        set
        {
            if (value != _requesterId)
            {
                _requesterId = value;
                Changed?.Invoke();
            }
        }
    }

    /// <summary>Whether the function may master the bus now. Set by the host of the function.</summary>
    public bool Granted
    {
        get => _granted;
        set
        {
            if (value != _granted)
            {
                _granted = value;
                Changed?.Invoke();
            }
        }
    }

    /// <inheritdoc cref="GuestMemory.TryRead(ulong, Span{byte})"/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!_granted || !_memory.TryRead(address, destination))
        {
            return false;
        }

        _counters.DmaRead((ulong)destination.Length);
        return true;
    }

    /// <inheritdoc cref="GuestMemory.TryWrite(ulong, ReadOnlySpan{byte})"/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!_granted || !_memory.TryWrite(address, source))
        {
            return false;
        }

        _counters.DmaWritten((ulong)source.Length);
        return true;
    }

    /// <inheritdoc cref="GuestMemory.TryRead{T}(ulong, out T)"/>
    public bool TryRead<T>(ulong address, out T value)
        where T : unmanaged
    {
        value = default;
        return _granted && _memory.TryRead(address, out value);
    }

    /// <inheritdoc cref="GuestMemory.TryWrite{T}(ulong, T)"/>
    public bool TryWrite<T>(ulong address, T value)
        where T : unmanaged => _granted && _memory.TryWrite(address, value);

    /// <inheritdoc cref="GuestMemory.TryGetSpan"/>
    public bool TryGetSpan(ulong address, int length, DmaDirection direction, out Span<byte> span)
    {
        span = default;
        return _granted && _memory.TryGetSpan(address, length, direction, out span);
    }

    /// <inheritdoc cref="GuestMemory.TryMap"/>
    public bool TryMap(ulong address, ulong length, DmaDirection direction, Span<HostSegment> segments, ref int count)
    {
        if (!_granted || !_memory.TryMap(address, length, direction, segments, ref count))
        {
            return false;
        }

        if (direction == DmaDirection.ToDevice)
        {
            _counters.DmaRead(length);
        }
        else
        {
            _counters.DmaWritten(length);
        }

        return true;
    }

    /// <inheritdoc cref="GuestMemory.NoteWritten"/>
    public void NoteWritten(ulong address, ulong length) => _memory.NoteWritten(address, length);

    /// <inheritdoc cref="GuestMemory.MustCopy"/>
    public bool MustCopy(ulong address, ulong length, DmaDirection direction) => _granted && _memory.MustCopy(address, length, direction);

    /// <summary>Sends a message-signalled interrupt; lost, as on the bus, while the target is revoked.</summary>
    public void SignalMsi(ulong address, uint data)
    {
        if (_granted)
        {
            _counters.Interrupt();
            _msi.Signal(RequesterId, address, data);
        }
    }
}
