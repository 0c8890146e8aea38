using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>A submission queue: a ring in guest memory that the host fills (NVMe 1.4, 4.1). Worker only.</summary>
internal sealed class SubmissionQueue
{
    private readonly DmaTarget _dma;
    private readonly ulong _base;

    internal SubmissionQueue(DmaTarget dma, int id, ulong address, int entries, CompletionQueue completion)
    {
        _dma = dma;
        _base = address;
        Id = id;
        Entries = entries;
        Completion = completion;
    }

    internal int Id { get; }

    internal int Entries { get; }

    internal CompletionQueue Completion { get; }

    /// <summary>The next entry to fetch.</summary>
    internal int Head { get; private set; }

    /// <summary>Where the host will put its next entry, as far as known.</summary>
    internal int Tail { get; set; }

    /// <summary>Commands that were fetched from here and whose completions aren't written.</summary>
    internal int InFlight { get; set; }

    /// <summary>The Delete command that waits for <see cref="InFlight"/> to become zero, or -1.</summary>
    internal int DeletedBy { get; set; } = -1;

    /// <summary>The tail that the shadow EventIdx asks to be told of, or -1 while the queue is polled.</summary>
    internal int ArmedAt { get; set; } = -1;

    internal bool IsAdmin => Id == 0;

    internal bool Empty => Head == Tail;

    /// <summary>Reads the next entry. False when its place isn't memory any more.</summary>
    internal bool TryFetch(out SubmissionEntry entry)
    {
        if (!_dma.TryRead(_base + ((ulong)Head * SubmissionEntry.Size), out entry))
        {
            return false;
        }

        Head = Head + 1 == Entries ? 0 : Head + 1;
        return true;
    }
}
