using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>What the server may reach, for a server that asks for bytes instead of mapping the memory.</summary>
internal sealed unsafe class DmaTable
{
    private readonly Lock _lock = new();
    private readonly SortedList<ulong, Piece> _pieces = [];

    /// <summary>Adds a piece. False where one begins there already.</summary>
    internal bool TryAdd(ulong address, HostMemory memory, ulong offset, ulong length, bool writable)
    {
        lock (_lock)
        {
            return _pieces.TryAdd(address, new Piece(memory, offset, length, writable));
        }
    }

    /// <summary>Takes a piece away; nobody copies to or from it when this returns.</summary>
    internal void Remove(ulong address)
    {
        lock (_lock)
        {
            _ = _pieces.Remove(address);
        }
    }

    /// <summary>Copies memory out. False when part of it isn't the server's to read.</summary>
    internal bool TryRead(ulong address, Span<byte> destination)
    {
        lock (_lock)
        {
            while (!destination.IsEmpty)
            {
                if (!TryFind(address, out Piece piece, out ulong into))
                {
                    return false;
                }

                int count = (int)Math.Min((ulong)destination.Length, piece.Length - into);
                new ReadOnlySpan<byte>(piece.Memory.Pointer + piece.Offset + into, count).CopyTo(destination);
                destination = destination[count..];
                address += (ulong)count;
            }

            return true;
        }
    }

    /// <summary>Copies into memory. False when part of it isn't the server's to write; what is before that may be written.</summary>
    internal bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            while (!source.IsEmpty)
            {
                if (!TryFind(address, out Piece piece, out ulong into) || !piece.Writable)
                {
                    return false;
                }

                int count = (int)Math.Min((ulong)source.Length, piece.Length - into);
                source[..count].CopyTo(new Span<byte>(piece.Memory.Pointer + piece.Offset + into, count));
                piece.Memory.NoteWrite(piece.Offset + into, (ulong)count);
                source = source[count..];
                address += (ulong)count;
            }

            return true;
        }
    }

    /// <summary>Notes that the server wrote memory itself. False when part of it isn't the server's to write.</summary>
    internal bool TryNoteWrite(ulong address, ulong length)
    {
        lock (_lock)
        {
            while (length != 0)
            {
                if (!TryFind(address, out Piece piece, out ulong into) || !piece.Writable)
                {
                    return false;
                }

                ulong count = Math.Min(length, piece.Length - into);
                piece.Memory.NoteWrite(piece.Offset + into, count);
                length -= count;
                address += count;
            }

            return true;
        }
    }

    private bool TryFind(ulong address, out Piece piece, out ulong into)
    {
        int low = 0;
        int high = _pieces.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            ulong start = _pieces.GetKeyAtIndex(middle);
            if (address < start)
            {
                high = middle - 1;
            }
            else if (address - start < _pieces.GetValueAtIndex(middle).Length)
            {
                piece = _pieces.GetValueAtIndex(middle);
                into = address - start;
                return true;
            }
            else
            {
                low = middle + 1;
            }
        }

        piece = default;
        into = 0;
        return false;
    }

    private readonly record struct Piece(HostMemory Memory, ulong Offset, ulong Length, bool Writable);
}
