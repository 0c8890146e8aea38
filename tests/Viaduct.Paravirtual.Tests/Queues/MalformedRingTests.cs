using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Queues;

public sealed class MalformedRingTests
{
    private const ushort Next = 1;
    private const ushort Write = 2;
    private const ushort Indirect = 4;
    private const ulong Table = 0x200000;

    public static TheoryData<string, QueueError> SplitCases => new()
    {
        { "loop", QueueError.ChainTooLong },
        { "self", QueueError.ChainTooLong },
        { "head out of range", QueueError.IndexOutOfRange },
        { "next out of range", QueueError.IndexOutOfRange },
        { "readable after writable", QueueError.ReadableAfterWritable },
        { "indirect and next", QueueError.IndirectInsideChain },
        { "table of no descriptor", QueueError.IndirectTableLength },
        { "table of part of a descriptor", QueueError.IndirectTableLength },
        { "table too long", QueueError.IndirectTableLength },
        { "table outside memory", QueueError.IndirectTableNotMemory },
        { "indirect in indirect", QueueError.IndirectInsideIndirect },
        { "loop in a table", QueueError.ChainTooLong },
        { "next outside the table", QueueError.IndexOutOfRange },
        { "available index too far", QueueError.AvailableIndexTooFar },
    };

    public static TheoryData<string, QueueError> PackedCases => new()
    {
        { "endless", QueueError.ChainTooLong },
        { "readable after writable", QueueError.ReadableAfterWritable },
        { "indirect and next", QueueError.IndirectInsideChain },
        { "indirect at the end of a chain", QueueError.IndirectInsideChain },
        { "table too long", QueueError.IndirectTableLength },
        { "table outside memory", QueueError.IndirectTableNotMemory },
        { "indirect in indirect", QueueError.IndirectInsideIndirect },
    };

    [Theory]
    [MemberData(nameof(SplitCases))]
    public void TryPop_AMalformedSplitRing_BreaksTheQueue(string what, QueueError error)
    {
        using TestGuest guest = new();
        TestHost host = new();
        SplitDriver driver = (SplitDriver)RingDriver.Make(guest, 8, RingFeatures.Indirect);
        VirtQueue queue = driver.Queue(host);
        Spoil(what, guest, driver);

        Assert.False(queue.TryPop(out _));

        Assert.Equal(error, queue.Error);
        Assert.Equal(error.ToString(), host.Failure);
        Assert.False(queue.TryPop(out _));
        Assert.False(queue.AllowNotifications());
    }

    [Theory]
    [MemberData(nameof(PackedCases))]
    public void TryPop_AMalformedPackedRing_BreaksTheQueue(string what, QueueError error)
    {
        using TestGuest guest = new();
        TestHost host = new();
        PackedDriver driver = (PackedDriver)RingDriver.Make(guest, 8, RingFeatures.Indirect | RingFeatures.Packed);
        VirtQueue queue = driver.Queue(host);
        Spoil(what, guest, driver);

        Assert.False(queue.TryPop(out _));

        Assert.Equal(error, queue.Error);
        Assert.Equal(error.ToString(), host.Failure);
    }

    [Theory]
    [InlineData(RingFeatures.None)]
    [InlineData(RingFeatures.Packed)]
    public void TryPop_AnIndirectDescriptorThatWasNotAgreedOn_BreaksTheQueue(RingFeatures features)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, features);
        VirtQueue queue = driver.Queue(host);
        (driver as PackedDriver)?.Raw(Table, 16, Indirect, 0);
        (driver as SplitDriver)?.Raw(0, Table, 16, Indirect, 0);
        (driver as SplitDriver)?.MakeAvailable(0);

        Assert.False(queue.TryPop(out _));

        Assert.Equal(QueueError.IndirectNotNegotiated, queue.Error);
    }

    [Theory]
    [InlineData(RingFeatures.None)]
    [InlineData(RingFeatures.Packed)]
    public void TryPop_MoreChainsThanTheRingHolds_BreaksTheQueue(RingFeatures features)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 4, features);
        VirtQueue queue = driver.Queue(host);
        for (int i = 0; i < 5; i++)
        {
            (driver as PackedDriver)?.Raw(0, 1, 0, 0);
            (driver as SplitDriver)?.MakeAvailable(0);
            Assert.Equal(i < 4, queue.TryPop(out _));
        }

        Assert.Equal(QueueError.TooManyChains, queue.Error);
    }

    [Theory]
    [InlineData(RingFeatures.None)]
    [InlineData(RingFeatures.Packed)]
    [InlineData(RingFeatures.Packed | RingFeatures.EventIndex)]
    [InlineData(RingFeatures.EventIndex)]
    public void ARingOutsideMemory_BreaksTheQueue(RingFeatures features)
    {
        using TestGuest guest = new();
        const ulong Outside = TestGuest.MemoryLength;
        QueueLayout[] layouts =
        [
            new(8, Outside, 0x2000, 0x3000),
            new(8, 0x1000, Outside, 0x3000),
            new(8, 0x1000, 0x2000, Outside),
            new(32768, ulong.MaxValue - 15, ulong.MaxValue - 3, ulong.MaxValue - 3),
        ];
        foreach (QueueLayout layout in layouts)
        {
            guest.Slice(0, 0x10000).Fill(0xFF);
            guest.At<ushort>(0x2002) = 1;
            guest.At<ushort>(0x100E) = 0x80;
            TestHost host = new();
            QueueState start = (features & RingFeatures.Packed) != 0 ? QueueState.PackedStart : QueueState.SplitStart;
            VirtQueue queue = new(0, layout, features, start, guest.Dma, host);
            queue.SuppressNotifications();
            if (queue.TryPop(out DescriptorChain chain))
            {
                queue.Push(chain.Token, 0);
            }

            queue.Signal();
            queue.AllowNotifications();
            Assert.NotEqual(QueueError.None, queue.Error);
        }
    }

    [Fact]
    public void TryPop_WithoutBusMastering_BreaksTheQueue()
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, RingFeatures.None);
        VirtQueue queue = driver.Queue(host);
        driver.Add(GuestBuffer.Read(0, 1));
        guest.Dma.Granted = false;

        Assert.False(queue.TryPop(out _));

        Assert.Equal(QueueError.RingNotMemory, queue.Error);
    }

    [Fact]
    public void TryPop_ASplitChainThatEndsInATable_HandsOutBoth()
    {
        using TestGuest guest = new();
        TestHost host = new();
        SplitDriver driver = (SplitDriver)RingDriver.Make(guest, 8, RingFeatures.Indirect);
        VirtQueue queue = driver.Queue(host);
        driver.Raw(3, 0x1000, 16, Next, 5);
        driver.Raw(5, Table, 32, Indirect, 0);
        TableEntry(guest, 0, 0x2000, 512, Write | Next, 1);
        TableEntry(guest, 1, 0x3000, 1, Write, 0);
        driver.MakeAvailable(3);

        Assert.True(queue.TryPop(out DescriptorChain chain));

        Assert.Equal([new Descriptor(0x1000, 16)], chain.Readable.ToArray());
        Assert.Equal([new Descriptor(0x2000, 512), new Descriptor(0x3000, 1)], chain.Writable.ToArray());
    }

    [Fact]
    public void TryPop_ATableLongerThanTheRing_IsTakenUpToTheGivenLimit()
    {
        using TestGuest guest = new();
        TestHost host = new();
        SplitDriver driver = (SplitDriver)RingDriver.Make(guest, 2, RingFeatures.Indirect);
        VirtQueue queue = driver.Queue(host, chainLimit: 16);
        driver.Add([.. Enumerable.Repeat(GuestBuffer.Read(0x1000, 1), 16)]);
        driver.Add([.. Enumerable.Repeat(GuestBuffer.Read(0x1000, 1), 17)]);

        Assert.True(queue.TryPop(out DescriptorChain chain));
        Assert.Equal(16, chain.Readable.Length);
        Assert.False(queue.TryPop(out _));
        Assert.Equal(QueueError.IndirectTableLength, queue.Error);
    }

    private static void Spoil(string what, TestGuest guest, SplitDriver driver)
    {
        driver.Raw(0, 0x1000, 16, Next, 1);
        driver.Raw(1, 0x2000, 16, Write, 0);
        switch (what)
        {
            case "loop":
                driver.Raw(1, 0x2000, 16, Next, 0);
                break;
            case "self":
                driver.Raw(0, 0x1000, 16, Next, 0);
                break;
            case "head out of range":
                driver.MakeAvailable(8);
                return;
            case "next out of range":
                driver.Raw(0, 0x1000, 16, Next, 8);
                break;
            case "readable after writable":
                driver.Raw(0, 0x1000, 16, Next | Write, 1);
                driver.Raw(1, 0x2000, 16, 0, 0);
                break;
            case "indirect and next":
                driver.Raw(0, Table, 16, Next | Indirect, 1);
                break;
            case "table of no descriptor":
                driver.Raw(0, Table, 0, Indirect, 0);
                break;
            case "table of part of a descriptor":
                driver.Raw(0, Table, 40, Indirect, 0);
                break;
            case "table too long":
                driver.Raw(0, Table, uint.MaxValue & ~15u, Indirect, 0);
                break;
            case "table outside memory":
                driver.Raw(0, TestGuest.MemoryLength - 16, 32, Indirect, 0);
                break;
            case "indirect in indirect":
                driver.Raw(0, Table, 16, Indirect, 0);
                TableEntry(guest, 0, Table, 16, Indirect, 0);
                break;
            case "loop in a table":
                driver.Raw(0, Table, 32, Indirect, 0);
                TableEntry(guest, 0, 0x1000, 1, Next, 1);
                TableEntry(guest, 1, 0x1000, 1, Next, 0);
                break;
            case "next outside the table":
                driver.Raw(0, Table, 32, Indirect, 0);
                TableEntry(guest, 0, 0x1000, 1, Next, 2);
                break;
            default:
                guest.At<ushort>(driver.Layout.DriverArea + 2) = 9;
                return;
        }

        driver.MakeAvailable(0);
    }

    private static void Spoil(string what, TestGuest guest, PackedDriver driver)
    {
        switch (what)
        {
            case "endless":
                for (int i = 0; i < 8; i++)
                {
                    driver.Raw(0x1000, 1, Next, 0);
                }

                break;
            case "readable after writable":
                driver.Raw(0x1000, 1, Next | Write, 0);
                driver.Raw(0x1000, 1, 0, 0);
                break;
            case "indirect and next":
                driver.Raw(Table, 16, Next | Indirect, 0);
                driver.Raw(Table, 16, 0, 0);
                break;
            case "indirect at the end of a chain":
                driver.Raw(0x1000, 1, Next, 0);
                driver.Raw(Table, 16, Indirect, 0);
                break;
            case "table too long":
                driver.Raw(Table, 9 * 16, Indirect, 0);
                break;
            case "table outside memory":
                driver.Raw(ulong.MaxValue - 7, 16, Indirect, 0);
                break;
            default:
                driver.Raw(Table, 16, Indirect, 0);
                guest.At<ushort>(Table + 14) = Indirect;
                break;
        }
    }

    private static void TableEntry(TestGuest guest, int index, ulong address, uint length, ushort flags, ushort next)
    {
        ulong at = Table + ((ulong)index * 16);
        guest.At<ulong>(at) = address;
        guest.At<uint>(at + 8) = length;
        guest.At<ushort>(at + 12) = flags;
        guest.At<ushort>(at + 14) = next;
    }
}
