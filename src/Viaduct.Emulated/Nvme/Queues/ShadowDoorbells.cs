using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>
/// Doorbells in guest memory (NVMe 1.4, 5.7 and 7.13): the host stores tails and heads there, and writes the register
/// only when it passes the value that the controller left in the EventIdx page. Made for emulated controllers, where a
/// register write costs an exit. Worker only. The admin queue keeps to its registers, as Linux and SPDK have it.
/// </summary>
internal sealed class ShadowDoorbells(DmaTarget dma)
{
    private ulong _doorbells;
    private ulong _events;

    internal bool Enabled { get; private set; }

    /// <summary>Begins to use the two pages. False when one of them isn't memory.</summary>
    internal bool TryEnable(ulong doorbells, ulong events)
    {
        Enabled = dma.TryRead(doorbells, out uint _) && dma.TryRead(events, out uint _);
        _doorbells = doorbells;
        _events = events;
        return Enabled;
    }

    internal void Disable() => Enabled = false;

    /// <summary>The host's tail of a submission queue.</summary>
    internal bool TryReadTail(int queue, out int tail) => TryRead(Offset(queue), out tail);

    /// <summary>The host's head of a completion queue.</summary>
    internal bool TryReadHead(int queue, out int head) => TryRead(Offset(queue) + 4, out head);

    /// <summary>Asks for a register write when the tail leaves <paramref name="tail"/>; the caller must then read the tail once more.</summary>
    internal bool TryArmTail(int queue, int tail) => TryArm(Offset(queue), tail);

    /// <summary>Asks for a register write when the head leaves <paramref name="head"/>; the caller must then read the head once more.</summary>
    internal bool TryArmHead(int queue, int head) => TryArm(Offset(queue) + 4, head);

    /// <summary>Puts what the register holds in a place where the host has stored nothing yet.</summary>
    internal bool TrySeed(int queue, int tail, int head) =>
        TrySeed(Offset(queue), tail) && TrySeed(Offset(queue) + 4, head);

    private static ulong Offset(int queue) => (ulong)queue * 8;

    private bool TrySeed(ulong offset, int value) =>
        TryRead(offset, out int current) && (current != 0 || value == 0 || dma.TryWrite(_doorbells + offset, (uint)value));

    private bool TryRead(ulong offset, out int value)
    {
        bool read = dma.TryRead(_doorbells + offset, out uint raw);
        value = (int)(raw & 0xFFFF);
        return read;
    }

    private bool TryArm(ulong offset, int value)
    {
        bool written = dma.TryWrite(_events + offset, (uint)value);
        Interlocked.MemoryBarrier();
        return written;
    }
}
