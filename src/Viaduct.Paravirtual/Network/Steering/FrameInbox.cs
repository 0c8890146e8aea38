using System.Runtime.InteropServices;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network.Steering;

/// <summary>
/// Frames that one worker received for another's queue pair, on their way: bounded, in order. Any worker adds, one takes.
/// Where the network's queues and the guest's follow the same flows, nothing passes here.
/// </summary>
internal sealed unsafe class FrameInbox : IDisposable
{
    private const int Capacity = 512 << 10;

    private readonly Lock _lock = new();
    private readonly byte* _bytes = (byte*)NativeMemory.Alloc(Capacity);
    private int _first;
    private int _used;

    internal bool IsEmpty => Volatile.Read(ref _used) == 0;

    /// <summary>Adds a frame. False when there is no room.</summary>
    internal bool TryAdd(int pair, FlowHash hash, in ReceivedFrame frame)
    {
        lock (_lock)
        {
            if (Capacity - _used < sizeof(Entry) + frame.Bytes.Length)
            {
                return false;
            }

            Entry entry = new() { Pair = pair, Length = frame.Bytes.Length, Hash = hash, Offload = frame.Offload };
            Put(MemoryMarshal.AsBytes(new ReadOnlySpan<Entry>(in entry)));
            Put(frame.Bytes);
            return true;
        }
    }

    /// <summary>Takes the oldest.</summary>
    /// <param name="room">Room for any frame.</param>
    /// <param name="pair">Whose it is.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="offload">What is left to do.</param>
    /// <param name="length">Its bytes.</param>
    internal bool TryTake(Span<byte> room, out int pair, out FlowHash hash, out OffloadHeader offload, out int length)
    {
        lock (_lock)
        {
            Entry entry = default;
            bool found = _used != 0;
            if (found)
            {
                Get(MemoryMarshal.AsBytes(new Span<Entry>(ref entry)));
                Get(room[..entry.Length]);
            }

            (pair, hash, offload, length) = (entry.Pair, entry.Hash, entry.Offload, entry.Length);
            return found;
        }
    }

    public void Dispose() => NativeMemory.Free(_bytes);

    private void Put(ReadOnlySpan<byte> bytes)
    {
        int at = (_first + _used) % Capacity;
        int head = Math.Min(bytes.Length, Capacity - at);
        bytes[..head].CopyTo(new Span<byte>(_bytes + at, head));
        bytes[head..].CopyTo(new Span<byte>(_bytes, Capacity));
        Volatile.Write(ref _used, _used + bytes.Length);
    }

    private void Get(Span<byte> bytes)
    {
        int head = Math.Min(bytes.Length, Capacity - _first);
        new ReadOnlySpan<byte>(_bytes + _first, head).CopyTo(bytes);
        new ReadOnlySpan<byte>(_bytes, bytes.Length - head).CopyTo(bytes[head..]);
        _first = (_first + bytes.Length) % Capacity;
        Volatile.Write(ref _used, _used - bytes.Length);
    }

    private struct Entry
    {
        internal int Pair;
        internal int Length;
        internal FlowHash Hash;
        internal OffloadHeader Offload;
    }
}
