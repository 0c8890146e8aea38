namespace Viaduct.Paravirtual.Console;

/// <summary>Characters on their way to the guest, until it has room for them. One thread takes; any thread adds.</summary>
internal sealed class InputBuffer
{
    private const int Capacity = 64 << 10;

    private readonly Lock _lock = new();
    private readonly byte[] _bytes = new byte[Capacity];
    private int _first;
    private int _count;

    internal bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Adds as many as there is room for.</summary>
    /// <returns>How many.</returns>
    internal int Add(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int added = Math.Min(bytes.Length, Capacity - _count);
            int at = (_first + _count) % Capacity;
            int head = Math.Min(added, Capacity - at);
            bytes[..head].CopyTo(_bytes.AsSpan(at));
            bytes[head..added].CopyTo(_bytes);
            Volatile.Write(ref _count, _count + added);
            return added;
        }
    }

    /// <summary>Takes some out.</summary>
    /// <returns>How many.</returns>
    internal int Take(Span<byte> bytes)
    {
        lock (_lock)
        {
            int taken = Math.Min(bytes.Length, _count);
            int head = Math.Min(taken, Capacity - _first);
            _bytes.AsSpan(_first, head).CopyTo(bytes);
            _bytes.AsSpan(0, taken - head).CopyTo(bytes[head..]);
            _first = (_first + taken) % Capacity;
            Volatile.Write(ref _count, _count - taken);
            return taken;
        }
    }
}
