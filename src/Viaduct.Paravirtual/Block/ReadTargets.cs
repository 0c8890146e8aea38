using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Block;

/// <summary>
/// Where the reads in flight put their bytes, by slot: who keeps code of these places has to hear once they are
/// written, and before the request is answered. Arrays are kept, so that nothing is allocated once they have grown. Worker
/// only.
/// </summary>
internal sealed class ReadTargets(int depth)
{
    private const int Usual = 16;

    private readonly Descriptor[]?[] _descriptors = new Descriptor[]?[depth];
    private readonly int[] _counts = new int[depth];

    /// <summary>Remembers what a request may write.</summary>
    internal void Keep(int slot, ReadOnlySpan<Descriptor> writable)
    {
        Descriptor[]? kept = _descriptors[slot];
        if (kept is null || kept.Length < writable.Length)
        {
            _descriptors[slot] = kept = new Descriptor[Math.Max(Usual, writable.Length)];
        }

        writable.CopyTo(kept);
        _counts[slot] = writable.Length;
    }

    /// <summary>The disk is done with it, well or not.</summary>
    internal void NoteWritten(int slot, DmaTarget dma)
    {
        foreach (ref readonly Descriptor descriptor in _descriptors[slot].AsSpan(0, _counts[slot]))
        {
            dma.NoteWritten(descriptor.Address, descriptor.Length);
        }

        _counts[slot] = 0;
    }
}
