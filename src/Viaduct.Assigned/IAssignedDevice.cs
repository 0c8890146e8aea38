using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned;

/// <summary>
/// A PCI device that is given to one guest, as VFIO and vfio-user show it: regions, interrupts by eventfd, DMA maps and
/// a reset. Calls come from any thread, several at once; each ends within a bounded time, and all fail once the device is lost.
/// </summary>
public interface IAssignedDevice : IDisposable
{
    /// <summary>For people: <c>"vfio-user:/run/x.sock"</c>.</summary>
    string Name { get; }

    /// <summary><see cref="Road.Assigned"/>, or <see cref="Road.Shared"/> for a virtual function.</summary>
    Road Road { get; }

    /// <summary>By index: BARs 0 to 5, ROM, configuration space.</summary>
    ReadOnlySpan<AssignedRegion> Regions { get; }

    /// <summary>Whether <see cref="TryReset"/> does something.</summary>
    bool CanReset { get; }

    /// <summary>Set for devices that watch doorbells.</summary>
    IDoorbellTraps? Traps { get; }

    /// <summary>
    /// Whether it has writes to memory noted (<see cref="HostMemory.NoteWrite"/>) before it says that they are done;
    /// of a device that doesn't, an engine hears nothing when it writes code.
    /// </summary>
    bool NotesWrites { get; }

    /// <summary>Raised once when the device is gone, on any thread; the handler only takes note. A handler added after hears of it at once.</summary>
    event Action? Lost;

    /// <summary>Why the device is lost, for people; null while it isn't.</summary>
    string? LossReason { get; }

    /// <summary>Why the last map was refused, for people; null where there is nothing to say.</summary>
    string? MapRefusal { get; }

    /// <summary>How many interrupts of a kind there are.</summary>
    int InterruptCount(AssignedInterrupt kind);

    /// <summary>Reads from a region. False when the device is lost or refuses.</summary>
    bool TryRead(int region, ulong offset, Span<byte> data);

    /// <summary>Writes to a region. False when the device is lost or refuses.</summary>
    bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>
    /// Has interrupts raise eventfds from now on; others of the kind stay as they are. No target at all switches the
    /// kind off. One kind of <see cref="AssignedInterrupt.Intx"/>, MSI and MSI-X is in use at a time.
    /// </summary>
    /// <param name="kind">Which.</param>
    /// <param name="start">The first.</param>
    /// <param name="targets">For each.</param>
    bool TrySetInterrupts(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets);

    /// <summary>Lets the pin raise its eventfd again, which it does once until then; at once when it is still asserted.</summary>
    bool TryUnmaskPin();

    /// <summary>
    /// Has the raising of an eventfd do what <see cref="TryUnmaskPin"/> does, until the pin is switched off. Once the pin
    /// has its own (<see cref="TrySetInterrupts"/>).
    /// </summary>
    /// <returns>False where the device can't wait for one.</returns>
    bool TryUnmaskPinBy(EventFd resample);

    /// <summary>Lets the device reach memory.</summary>
    /// <param name="address">The guest physical address, whole pages.</param>
    /// <param name="memory">The block.</param>
    /// <param name="offset">Where in the block.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <param name="writable">Whether it may write, too.</param>
    bool TryMapDma(ulong address, HostMemory memory, ulong offset, ulong length, bool writable);

    /// <summary>Takes memory away again, exactly as it was mapped. When it returns, the device doesn't touch it any more.</summary>
    bool TryUnmapDma(ulong address, ulong length);

    /// <summary>Takes the device to its state after power-on; DMA maps stay.</summary>
    bool TryReset();

    /// <summary>
    /// What the device says of itself: requests, DMA, back-end, CPU time, and the interrupts that it raised, unless it says
    /// that it misses these. False where it can't tell.
    /// </summary>
    bool TryReadCounts(out DeviceCounts counts);
}
