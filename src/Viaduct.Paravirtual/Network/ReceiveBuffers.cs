using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Network;

/// <summary>
/// Buffers that were taken from a receive queue for one frame: with mergeable buffers as many as it needs, else one.
/// Those that were taken and don't yet suffice stay here until the driver adds more. Worker only.
/// </summary>
internal sealed class ReceiveBuffers
{
    /// <summary>The most buffers of a frame.</summary>
    internal const int MaximumBuffers = 256;

    private const int MaximumDescriptors = 2048;

    private readonly ChainToken[] _tokens = new ChainToken[MaximumBuffers];
    private readonly uint[] _rooms = new uint[MaximumBuffers];
    private readonly uint[] _written = new uint[MaximumBuffers];
    private readonly Descriptor[] _descriptors = new Descriptor[MaximumDescriptors];
    private int _descriptorCount;
    private ulong _room;

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>Takes buffers until there is room.</summary>
    /// <param name="queue">The receive queue.</param>
    /// <param name="needed">Bytes of header and frame.</param>
    /// <param name="mergeable">Whether several may be one frame's.</param>
    /// <returns>Whether there is room, not yet, or never will be.</returns>
    internal ReceiveRoom Gather(VirtQueue queue, int needed, bool mergeable)
    {
        while (Count == 0 || (mergeable && _room < (ulong)needed))
        {
            if (Count == MaximumBuffers || !queue.TryPop(out DescriptorChain chain))
            {
                return Count == MaximumBuffers ? ReceiveRoom.TooSmall : ReceiveRoom.NotYet;
            }

            bool fits = _descriptorCount + chain.Writable.Length <= MaximumDescriptors;
            if (fits)
            {
                chain.Writable.CopyTo(_descriptors.AsSpan(_descriptorCount));
                _descriptorCount += chain.Writable.Length;
            }

            uint room = fits ? (uint)Math.Min(chain.WritableLength, int.MaxValue) : 0;
            _rooms[Count] = room;
            _tokens[Count++] = chain.Token;
            _room += room;
            if (room == 0)
            {
                return ReceiveRoom.TooSmall;
            }
        }

        return _room < (ulong)needed ? ReceiveRoom.TooSmall : ReceiveRoom.Enough;
    }

    /// <summary>Writes header and frame over the buffers and returns them. False when one is not memory: the queue is broken then.</summary>
    internal bool TryFill(VirtQueue queue, ReadOnlySpan<byte> header, ReadOnlySpan<byte> frame)
    {
        uint left = (uint)(header.Length + frame.Length);
        int descriptor = 0;
        uint offset = 0;
        if (!TryWrite(queue, header, ref descriptor, ref offset) || !TryWrite(queue, frame, ref descriptor, ref offset))
        {
            queue.Break(QueueError.BufferNotMemory);
            Clear();
            return false;
        }

        for (int i = 0; i < Count; i++)
        {
            _written[i] = Math.Min(left, _rooms[i]);
            left -= _written[i];
        }

        queue.Push(_tokens.AsSpan(0, Count), _written.AsSpan(0, Count));
        Clear();
        return true;
    }

    /// <summary>Returns the buffers with nothing in them.</summary>
    internal void GiveBack(VirtQueue queue)
    {
        _written.AsSpan(0, Count).Clear();
        queue.Push(_tokens.AsSpan(0, Count), _written.AsSpan(0, Count));
        Clear();
    }

    private void Clear()
    {
        Count = 0;
        _descriptorCount = 0;
        _room = 0;
    }

    private bool TryWrite(VirtQueue queue, ReadOnlySpan<byte> bytes, ref int descriptor, ref uint offset)
    {
        while (!bytes.IsEmpty)
        {
            Descriptor at = _descriptors[descriptor];
            int part = (int)Math.Min(at.Length - offset, (uint)bytes.Length);
            if (part != 0 && !queue.Dma.TryWrite(at.Address + offset, bytes[..part]))
            {
                return false;
            }

            bytes = bytes[part..];
            offset += (uint)part;
            if (offset == at.Length)
            {
                descriptor++;
                offset = 0;
            }
        }

        return true;
    }
}
