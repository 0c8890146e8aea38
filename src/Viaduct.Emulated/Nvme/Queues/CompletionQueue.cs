using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>A completion queue: a ring in guest memory that the controller fills (NVMe 1.4, 4.1). Worker only.</summary>
internal sealed class CompletionQueue
{
    private readonly DmaTarget _dma;
    private readonly ulong _base;
    private int _head;
    private int _tail;
    private bool _phase = true;

    internal CompletionQueue(DmaTarget dma, int id, ulong address, int entries, int vector, bool interrupts)
    {
        _dma = dma;
        _base = address;
        Id = id;
        Entries = entries;
        Vector = vector;
        Interrupts = interrupts;
    }

    internal int Id { get; }

    internal int Entries { get; }

    internal int Vector { get; }

    /// <summary>IEN: whether entries raise <see cref="Vector"/>.</summary>
    internal bool Interrupts { get; }

    /// <summary>Submission queues that complete here; it can't be deleted before them.</summary>
    internal int References { get; set; }

    /// <summary>Entries that were written since the queue's interrupts were last seen to.</summary>
    internal int Unannounced { get; set; }

    /// <summary>The first command whose completion found no room, or -1; the rest hang on <see cref="Io.CommandSlot.Next"/>.</summary>
    internal int FirstWaiting { get; set; } = -1;

    /// <inheritdoc cref="FirstWaiting"/>
    internal int LastWaiting { get; set; } = -1;

    /// <summary>How far the host has consumed.</summary>
    internal int Head => _head;

    /// <summary>Entries that the host hasn't consumed.</summary>
    internal int Outstanding => _tail >= _head ? _tail - _head : _tail + Entries - _head;

    /// <summary>Whether another entry would overwrite one.</summary>
    internal bool Full => Outstanding == Entries - 1;

    /// <summary>Takes the host's head. False when it claims to have consumed what was never written.</summary>
    internal bool TryAdvance(int head)
    {
        int step = head >= _head ? head - _head : head + Entries - _head;
        if (head < 0 || head >= Entries || step > Outstanding)
        {
            return false;
        }

        _head = head;
        return true;
    }

    /// <summary>Writes an entry; there must be room. False when its place isn't memory any more.</summary>
    internal bool TryWrite(uint result, SubmissionQueue source, ushort commandId, NvmeStatus status)
    {
        CompletionEntry entry = new(result, source.Head, source.Id, commandId, status, _phase);
        ulong address = _base + ((ulong)_tail * CompletionEntry.Size);
        // The host polls the phase tag in the second half: that half is one store, and the last.
        if (_dma.TryGetSpan(address, CompletionEntry.Size, DmaDirection.FromDevice, out Span<byte> span))
        {
            ref ulong halves = ref Unsafe.As<byte, ulong>(ref MemoryMarshal.GetReference(span));
            halves = entry.First;
            Volatile.Write(ref Unsafe.Add(ref halves, 1), entry.Second);
        }
        else if (!_dma.TryWrite(address, entry.First) || !_dma.TryWrite(address + sizeof(ulong), entry.Second))
        {
            return false;
        }

        if (++_tail == Entries)
        {
            _tail = 0;
            _phase = !_phase;
        }

        Unannounced++;
        return true;
    }
}
