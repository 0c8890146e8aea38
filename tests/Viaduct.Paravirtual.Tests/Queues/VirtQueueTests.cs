using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Queues;

public sealed class VirtQueueTests
{
    public static TheoryData<int> Kinds => RingKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TryPop_AChain_HandsOutWhatTheDriverDescribed(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, RingKinds.Of(kind));
        VirtQueue queue = driver.Queue(host);
        Assert.False(queue.TryPop(out _));
        driver.Add(GuestBuffer.Read(0x200000, 16), GuestBuffer.Read(0x300000, 5), GuestBuffer.Write(0x210000, 100), GuestBuffer.Write(0x220000, 1));

        Assert.True(queue.TryPop(out DescriptorChain chain));

        Assert.Equal([new Descriptor(0x200000, 16), new Descriptor(0x300000, 5)], chain.Readable.ToArray());
        Assert.Equal([new Descriptor(0x210000, 100), new Descriptor(0x220000, 1)], chain.Writable.ToArray());
        Assert.Equal((21UL, 101UL), (chain.ReadableLength, chain.WritableLength));
        Assert.True(chain.TryFindLastWritable(out ulong last));
        Assert.Equal(0x220000UL, last);
        Assert.False(queue.TryPop(out _));
        Assert.Null(host.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Push_AChain_ComesBackToTheDriverWithItsLength(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, RingKinds.Of(kind));
        VirtQueue queue = driver.Queue(host);
        ushort added = driver.Add(GuestBuffer.Write(0x210000, 100));
        Assert.True(queue.TryPop(out DescriptorChain chain));
        Assert.False(driver.TryTake(out _, out _));

        queue.Push(chain.Token, 77);
        queue.Signal();

        Assert.True(driver.TryTake(out ushort id, out uint written));
        Assert.Equal((added, 77u), (id, written));
        Assert.Equal(1, host.Signals);
        Assert.Equal(8, driver.Free);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Push_OutOfOrder_KeepsTheOrderOnlyWhereItWasAgreedOn(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, RingKinds.Of(kind));
        VirtQueue queue = driver.Queue(host);
        ushort[] added = new ushort[3];
        ChainToken[] tokens = new ChainToken[3];
        for (int i = 0; i < 3; i++)
        {
            added[i] = driver.Add(GuestBuffer.Read(0x200000, 1), GuestBuffer.Write(0x210000, 10));
            Assert.True(queue.TryPop(out DescriptorChain chain));
            tokens[i] = chain.Token;
        }

        queue.Push(tokens[2], 2);
        queue.Push(tokens[0], 10);
        queue.Push(tokens[1], 1);

        List<(ushort, uint)> taken = [];
        while (driver.TryTake(out ushort id, out uint written))
        {
            taken.Add((id, written));
        }

        (ushort, uint)[] expected = (RingKinds.Of(kind) & RingFeatures.InOrder) != 0
            ? [(added[0], 10), (added[1], 1), (added[2], 2)]
            : [(added[2], 2), (added[0], 10), (added[1], 1)];
        Assert.Equal(expected, taken);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ARing_GoesOnPastEveryWrap(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingFeatures features = RingKinds.Of(kind);

        // Split: the indexes wrap at 65536. Packed: a size that is no power of two, and chains that lie across its end.
        RingDriver driver = RingDriver.Make(guest, (features & RingFeatures.Packed) != 0 ? (ushort)7 : (ushort)8, features, start: 65_000);
        VirtQueue queue = driver.Queue(host);
        for (int i = 0; i < 3000; i++)
        {
            ushort first = driver.Add(GuestBuffer.Read((ulong)i, 1), GuestBuffer.Write((ulong)i, 2));
            ushort second = driver.Add(GuestBuffer.Read((ulong)i, 3));
            Assert.True(queue.TryPop(out DescriptorChain chain));
            Assert.Equal((ulong)i, chain.Readable[0].Address);
            queue.Push(chain.Token, (uint)i);
            Assert.True(queue.TryPop(out chain));
            Assert.Equal(3u, chain.Readable[0].Length);
            queue.Push(chain.Token, 0);
            Assert.True(driver.TryTake(out ushort id, out uint written));
            Assert.Equal((first, (uint)i), (id, written));
            Assert.True(driver.TryTake(out id, out _));
            Assert.Equal(second, id);
        }

        Assert.Null(host.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void State_GivenToANewQueue_GoesOnThere(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingFeatures features = RingKinds.Of(kind);
        RingDriver driver = RingDriver.Make(guest, 4, features);
        VirtQueue queue = driver.Queue(host);
        for (uint i = 0; i < 50; i++)
        {
            ushort added = driver.Add(GuestBuffer.Read(i, 1), GuestBuffer.Write(i, 1));
            Assert.True(queue.TryPop(out DescriptorChain chain));
            queue.Push(chain.Token, i);
            queue = new VirtQueue(0, driver.Layout, features, queue.State, guest.Dma, host);
            Assert.True(driver.TryTake(out ushort id, out uint written));
            Assert.Equal((added, i), (id, written));
        }

        Assert.Null(host.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void SuppressNotifications_WhileSuppressed_TheDriverNeedsNoDoorbell(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 16, RingKinds.Of(kind));
        VirtQueue queue = driver.Queue(host);
        Assert.False(queue.AllowNotifications());
        driver.Add(GuestBuffer.Read(0, 1));
        Assert.True(driver.ShouldNotify());

        queue.SuppressNotifications();
        Assert.True(queue.TryPop(out _));
        driver.Add(GuestBuffer.Read(0, 1));
        Assert.False(driver.ShouldNotify());

        Assert.True(queue.AllowNotifications());
        Assert.True(queue.TryPop(out _));
        Assert.False(queue.AllowNotifications());
        driver.Add(GuestBuffer.Read(0, 1));
        Assert.True(driver.ShouldNotify());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Signal_WhileTheDriverWantsNone_IsSilent(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 16, RingKinds.Of(kind));
        VirtQueue queue = driver.Queue(host);
        driver.SuppressInterrupts();
        Serve(driver, queue, 3);
        queue.Signal();
        Assert.Equal(0, host.Signals);

        while (driver.TryTake(out _, out _))
        {
        }

        Assert.False(driver.AllowInterrupts());
        Serve(driver, queue, 3);
        queue.Signal();
        queue.Signal();
        Assert.Equal(1, host.Signals);
    }

    [Theory]
    [InlineData(RingFeatures.EventIndex)]
    [InlineData(RingFeatures.EventIndex | RingFeatures.Packed)]
    public void Signal_WithEventIndex_ComesOnceWhenThePlaceIsPassed(RingFeatures features)
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 16, features);
        VirtQueue queue = driver.Queue(host);

        // The driver wants to hear at the third chain from here, wherever in the ring that is.
        for (int round = 0; round < 40; round++)
        {
            int before = host.Signals;
            Serve(driver, queue, 3);
            while (driver.TryTake(out _, out _))
            {
            }

            int place = ((round * 6) + 3 + 2) % 16;
            bool wrap = (((round * 6) + 3 + 2) / 16 % 2) == 0;
            if ((features & RingFeatures.Packed) != 0)
            {
                guest.At<ushort>(driver.Layout.DriverArea) = (ushort)(place | (wrap ? 0x8000 : 0));
                guest.At<ushort>(driver.Layout.DriverArea + 2) = 2;
            }
            else
            {
                guest.At<ushort>(driver.Layout.DriverArea + 4 + (2 * 16)) = (ushort)((round * 6) + 3 + 2);
            }

            queue.Signal();
            Assert.Equal(before, host.Signals);
            Serve(driver, queue, 2);
            queue.Signal();
            Assert.Equal(before, host.Signals);
            Serve(driver, queue, 1);
            queue.Signal();
            Assert.Equal(before + 1, host.Signals);
            while (driver.TryTake(out _, out _))
            {
            }
        }
    }

    [Fact]
    public void TryRead_AcrossDescriptors_GathersBytes()
    {
        using TestGuest guest = new();
        TestHost host = new();
        RingDriver driver = RingDriver.Make(guest, 8, RingFeatures.None);
        VirtQueue queue = driver.Queue(host);
        "abcdefgh"u8.CopyTo(guest.Slice(0x200000, 8));
        driver.Add(GuestBuffer.Read(0x200000, 2), GuestBuffer.Read(0x200002, 0), GuestBuffer.Read(0x200005, 3), GuestBuffer.Write(0x300000, 2), GuestBuffer.Write(0x300010, 2));
        Assert.True(queue.TryPop(out DescriptorChain chain));

        Span<byte> bytes = stackalloc byte[3];
        Assert.True(chain.TryRead(1, bytes));
        Assert.Equal("bfg"u8, bytes);
        Assert.False(chain.TryRead(3, bytes));
        Assert.True(chain.TryWrite(1, "xyz"u8));
        Assert.Equal("\0x"u8, guest.Slice(0x300000, 2));
        Assert.Equal("yz"u8, guest.Slice(0x300010, 2));
        Assert.False(chain.TryWrite(2, "xyz"u8));
    }

    private static void Serve(RingDriver driver, VirtQueue queue, int count)
    {
        for (int i = 0; i < count; i++)
        {
            driver.Add(GuestBuffer.Read(0, 1));
            Assert.True(queue.TryPop(out DescriptorChain chain));
            queue.Push(chain.Token, 0);
        }
    }
}
