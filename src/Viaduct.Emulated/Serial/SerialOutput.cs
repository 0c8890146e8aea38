using Viaduct.Platform.Workers;

namespace Viaduct.Emulated.Serial;

/// <summary>
/// The wire out of a port: bytes wait in a ring of fixed size for the port's thread, which gives the sink all that
/// have gathered while it was busy with those before. So a byte is never held back, and a burst costs few writes.
/// </summary>
internal sealed class SerialOutput : IWork, IDisposable
{
    /// <summary>Bytes that may wait for a slow sink before the guest sees its transmitter busy.</summary>
    internal const int Capacity = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly ISerialSink _sink;
    private readonly Action _roomMade;
    private readonly byte[] _ring = new byte[Capacity];
    private readonly byte[] _batch = new byte[Capacity];
    private int _head;
    private int _count;

    /// <param name="sink">Where bytes go.</param>
    /// <param name="roomMade">Called on the port's thread, with no lock held, after a full ring has been emptied.</param>
    internal SerialOutput(ISerialSink sink, Action roomMade)
    {
        _sink = sink;
        _roomMade = roomMade;
    }

    /// <summary>Whether a full transmitter FIFO would still fit.</summary>
    internal bool HasRoom => Volatile.Read(ref _count) <= Capacity - Registers.FifoDepth;

    /// <summary>Appends a byte; lost when the guest has overrun its transmitter.</summary>
    internal void Add(byte value)
    {
        lock (_lock)
        {
            if (_count == Capacity)
            {
                return;
            }

            _ring[(_head + _count) % Capacity] = value;
            _count++;
            if (_count != 1)
            {
                return;
            }
        }

        _wake.Set();
    }

    public bool DoWork()
    {
        int length;
        bool wasFull;
        lock (_lock)
        {
            length = _count;
            wasFull = !HasRoom;
            int first = Math.Min(length, Capacity - _head);
            _ring.AsSpan(_head, first).CopyTo(_batch);
            _ring.AsSpan(0, length - first).CopyTo(_batch.AsSpan(first));
            _head = (_head + length) % Capacity;
            Volatile.Write(ref _count, 0);
        }

        if (length == 0)
        {
            return false;
        }

        try
        {
            _sink.Write(_batch.AsSpan(0, length));
        }
        catch (IOException)
        {
            // Whoever read has gone. A wire with nobody at its end doesn't stop the machine either.
        }

        if (wasFull)
        {
            _roomMade();
        }

        return true;
    }

    public void Sleep() => _wake.WaitOne();

    public void Wake() => _wake.Set();

    public void Dispose() => _wake.Dispose();
}
