using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>The driver's side of a queue, as a guest has it. Allocates nothing after construction.</summary>
internal abstract class RingDriver
{
    private const ulong AreaLength = 0x20000;

    protected RingDriver(TestGuest guest, ushort size, RingFeatures features, ulong areas, ulong tables)
    {
        Guest = guest;
        Size = size;
        Features = features;
        Layout = new QueueLayout(size, areas, areas + AreaLength, areas + (2 * AreaLength));
        Tables = tables;
        guest.Slice(areas, (int)(3 * AreaLength)).Clear();
    }

    internal QueueLayout Layout { get; }

    internal RingFeatures Features { get; }

    internal ushort Size { get; }

    /// <summary>How many descriptors can be added now.</summary>
    internal int Free { get; set; }

    /// <summary>Where it stands; for tests that begin elsewhere than at zero.</summary>
    internal abstract QueueState Start { get; }

    protected TestGuest Guest { get; }

    protected bool Indirect => (Features & RingFeatures.Indirect) != 0;

    protected bool EventIndex => (Features & RingFeatures.EventIndex) != 0;

    /// <summary>Indirect tables, 1 KiB an id.</summary>
    private ulong Tables { get; }

    internal static RingDriver Make(TestGuest guest, ushort size, RingFeatures features, ulong areas = 0x10000, ulong tables = 0x100000, ushort start = 0) =>
        (features & RingFeatures.Packed) != 0
            ? new PackedDriver(guest, size, features, areas, tables)
            : new SplitDriver(guest, size, features, areas, tables, start);

    internal VirtQueue Queue(IVirtioHost host, int chainLimit = 0) => new(0, Layout, Features, Start, Guest.Dma, host, chainLimit);

    /// <summary>Makes a chain available.</summary>
    /// <returns>Its id.</returns>
    internal abstract ushort Add(params ReadOnlySpan<GuestBuffer> buffers);

    /// <summary>Takes a chain that the device returned.</summary>
    internal abstract bool TryTake(out ushort id, out uint written);

    /// <summary>Whether the device wants to hear of what was added since it was asked last.</summary>
    internal abstract bool ShouldNotify();

    /// <summary>Asks for an interrupt at the next return of a chain; true when one is there already.</summary>
    internal abstract bool AllowInterrupts();

    /// <summary>Asks for none.</summary>
    internal abstract void SuppressInterrupts();

    protected ulong TableOf(ushort id) => Tables + (id * 1024UL);

    protected void Descriptor(ulong address, GuestBuffer buffer, ushort at12, ushort at14)
    {
        Guest.At<ulong>(address) = buffer.Address;
        Guest.At<uint>(address + 8) = buffer.Length;
        Guest.At<ushort>(address + 12) = at12;
        Volatile.Write(ref Guest.At<ushort>(address + 14), at14);
    }
}
