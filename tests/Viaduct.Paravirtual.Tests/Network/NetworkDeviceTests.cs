using System.Buffers.Binary;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Paravirtual.Network;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Network;

public sealed class NetworkDeviceTests
{
    public static TheoryData<int> Kinds => RingKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Frames_BothWaysByEveryRing_ArriveAsTheyWereSent(int kind)
    {
        using NetworkRig rig = new(ring: RingKinds.Of(kind));
        for (int i = 0; i < 200; i++)
        {
            byte[] sent = NetworkRig.Frame(MacAddress.Broadcast, i, 60 + i);
            rig.Send(sent);
            Assert.True(rig.Transmit[0].TryTake(out _, out _));
            Assert.Equal(sent, rig.Loop.Queues[0].Sent[i].Bytes);
            rig.AddRoom(300);
            rig.Loop.Queues[0].Incoming.Enqueue((sent, default));
            rig.Run();
            (byte[] received, NetworkHeader header) = rig.TakeFrame()!.Value;
            Assert.Equal(sent, received);
            Assert.Equal(1, header.Buffers);
        }

        Assert.Equal((200, 200, 0), (rig.Counters.Read().SentFrames, rig.Counters.Read().ReceivedFrames, rig.Counters.Read().DroppedFrames));
    }

    [Fact]
    public void Offloads_AgreedOn_PassBothWays()
    {
        using NetworkRig rig = new();
        OffloadHeader offload = new() { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.Tcp4 | GsoType.Ecn, SegmentSize = 1000, HeaderLength = 54, ChecksumStart = 34, ChecksumOffset = 16 };
        rig.Send(NetworkRig.Frame(MacAddress.Broadcast, 1, 5000), offload);
        Assert.Equal(offload, rig.Loop.Queues[0].Sent[0].Offload);
        Assert.Equal(NetworkOffloads.All, rig.Loop.Accepted);
        rig.AddRoom(6000);
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast, 2, 5000), offload));
        rig.Run();
        Assert.Equal(offload, rig.TakeFrame()!.Value.Header.Offload);
    }

    [Theory]
    [InlineData(NetworkFeature.Checksum, GsoType.None)]
    [InlineData(NetworkFeature.HostTso4, GsoType.Tcp4)]
    [InlineData(NetworkFeature.HostTso6, GsoType.Tcp6)]
    [InlineData(NetworkFeature.HostUso, GsoType.Udp)]
    [InlineData(NetworkFeature.HostEcn, GsoType.Tcp4 | GsoType.Ecn)]
    public void Offload_NotAgreedOn_IsDropped(ulong feature, GsoType gso)
    {
        using NetworkRig rig = new(features: NetworkRig.AllFeatures & ~feature);
        OffloadHeader offload = new() { Flags = OffloadFlags.NeedsChecksum, Gso = gso, SegmentSize = 1000, ChecksumStart = 34, ChecksumOffset = 16 };
        rig.Send(NetworkRig.Frame(MacAddress.Broadcast, 1, 5000), offload);
        Assert.Empty(rig.Loop.Queues[0].Sent);
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.Malformed));
        Assert.True(rig.Transmit[0].TryTake(out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData((int)RingFeatures.Packed)]
    [InlineData((int)(RingFeatures.Packed | RingFeatures.InOrder))]
    public void MergeableBuffers_LargeFrame_TakesSeveralThatComeBackTogether(int ring)
    {
        using NetworkRig rig = new(ring: (RingFeatures)ring);
        for (int i = 0; i < 10; i++)
        {
            byte[] frame = NetworkRig.Frame(MacAddress.Broadcast, i, 10_000);
            for (int room = 0; room < 8; room++)
            {
                rig.AddRoom(1500);
            }

            rig.Loop.Queues[0].Incoming.Enqueue((frame, default));
            rig.Run();
            (byte[] received, NetworkHeader header) = rig.TakeFrame()!.Value;
            Assert.Equal(frame, received);
            Assert.Equal(7, header.Buffers);
            rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
            rig.Run();
            Assert.Equal(1, rig.TakeFrame()!.Value.Header.Buffers);
        }
    }

    [Fact]
    public void Frame_WithoutBuffers_WaitsForThem()
    {
        using NetworkRig rig = new();
        byte[] frame = NetworkRig.Frame(MacAddress.Broadcast, 1, 3000);
        rig.AddRoom(1500);
        rig.Loop.Queues[0].Incoming.Enqueue((frame, default));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast, 2), default));
        rig.Run();
        Assert.Null(rig.TakeFrame());
        rig.Device.Works[0].Sleep();
        Assert.Equal(NetworkInterest.None, rig.Loop.Queues[0].Waited.Interest);
        rig.AddRoom(1500);
        rig.AddRoom(1500);
        rig.AddRoom(1500);
        Assert.True(rig.Receive[0].ShouldNotify());
        rig.Run();
        Assert.Equal(frame, rig.TakeFrame()!.Value.Frame);
        Assert.Equal(NetworkRig.Frame(MacAddress.Broadcast, 2), rig.TakeFrame()!.Value.Frame);
        rig.Device.Works[0].Sleep();
        Assert.Equal(NetworkInterest.Receive, rig.Loop.Queues[0].Waited.Interest);
    }

    [Fact]
    public void Frame_LargerThanItsOnlyBuffer_IsDroppedAndTheBufferComesBackEmpty()
    {
        using NetworkRig rig = new(features: NetworkRig.AllFeatures & ~NetworkFeature.MergeableBuffers);
        rig.AddRoom(100);
        rig.AddRoom(2000);
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast, 1, 1000), default));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast, 2, 1000), default));
        rig.Run();
        Assert.True(rig.Receive[0].TryTake(out _, out uint written));
        Assert.Equal(0u, written);
        Assert.Equal(NetworkRig.Frame(MacAddress.Broadcast, 2, 1000), rig.TakeFrame()!.Value.Frame);
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.TooLong));
    }

    [Fact]
    public void Network_Full_FramesWaitAndKeepTheirOrder()
    {
        using NetworkRig rig = new();
        rig.Loop.Queues[0].Room = 1;
        for (int i = 0; i < 4; i++)
        {
            rig.Send(NetworkRig.Frame(MacAddress.Broadcast, i));
        }

        Assert.Single(rig.Loop.Queues[0].Sent);
        rig.Device.Works[0].Sleep();
        Assert.Equal(NetworkInterest.Receive | NetworkInterest.Send, rig.Loop.Queues[0].Waited.Interest);
        rig.Loop.Queues[0].Room = 10;
        rig.Run();
        Assert.Equal(4, rig.Loop.Queues[0].Sent.Count);
        Assert.Equal(NetworkRig.Frame(MacAddress.Broadcast, 1), rig.Loop.Queues[0].Sent[1].Bytes);
    }

    [Fact]
    public void StopQueue_WithBuffersTaken_ReturnsThem()
    {
        using NetworkRig rig = new();
        rig.AddRoom(1500);
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast, 1, 3000), default));
        rig.Run();
        _ = rig.Device.StopQueue(0);
        Assert.True(rig.Receive[0].TryTake(out _, out uint written));
        Assert.Equal(0u, written);
    }

    [Fact]
    public void Link_ChangesAndAnnouncement_AreInTheConfiguration()
    {
        using NetworkRig rig = new(mtu: 9000);
        Assert.Equal(NetworkConfig.LinkUp, Status(rig));
        byte[] config = Config(rig);
        Assert.Equal(NetworkRig.Mac, MacAddress.Read(config));
        Assert.Equal(9000, BinaryPrimitives.ReadUInt16LittleEndian(config.AsSpan(10)));
        Assert.Equal(10_000u, BinaryPrimitives.ReadUInt32LittleEndian(config.AsSpan(12)));
        rig.Loop.SetLink(false);
        Assert.Equal(0, Status(rig));
        rig.Loop.SetLink(true);
        Assert.Equal(NetworkConfig.LinkUp | NetworkConfig.Announce, Status(rig));
        Assert.True(rig.Command(3, 0));
        Assert.Equal(NetworkConfig.LinkUp, Status(rig));
        Assert.Equal(3, rig.Host.ConfigChanges);
    }

    [Fact]
    public void Coalescing_HoldsInterruptsBackUntilEnoughFrames()
    {
        using NetworkRig rig = new();
        Assert.True(rig.Command(6, 1, [.. NetworkRig.Word(3), .. NetworkRig.Word(1_000_000)]));
        int before = rig.Host.Signals;
        for (int i = 0; i < 2; i++)
        {
            rig.AddRoom(200);
            rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
            rig.Run();
        }

        Assert.Equal(before, rig.Host.Signals);
        rig.Device.Works[0].Sleep();
        Assert.InRange(rig.Loop.Queues[0].Waited.Longest, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        rig.AddRoom(200);
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        rig.Run();
        Assert.Equal(before + 1, rig.Host.Signals);
        rig.Device.Works[0].Sleep();
        Assert.Equal(Timeout.InfiniteTimeSpan, rig.Loop.Queues[0].Waited.Longest);
        Assert.True(rig.Command(6, 3, [0, 0, 0, 0], out byte[] limits));
        Assert.Equal([.. NetworkRig.Word(3), .. NetworkRig.Word(1_000_000)], limits);
    }

    [Fact]
    public void Frames_OnceWarm_AllocateNothing()
    {
        using NetworkRig rig = new();
        rig.Loop.Queues[0].Discard = true;
        byte[] frame = NetworkRig.Frame(MacAddress.Broadcast, 1, 1000);
        long Round()
        {
            for (int i = 0; i < 30; i++)
            {
                rig.Loop.Queues[0].Incoming.Enqueue((frame, default));
                rig.AddRoom(1500);
            }

            rig.Send(frame);
            _ = rig.Transmit[0].TryTake(out _, out _);
            long before = GC.GetAllocatedBytesForCurrentThread();
            rig.Run();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        _ = Round();
        for (int i = 0; i < 30; i++)
        {
            Assert.NotNull(rig.TakeFrame());
        }

        Assert.Equal(0, Round());
    }

    private static byte[] Config(NetworkRig rig)
    {
        byte[] config = new byte[rig.Device.ConfigLength];
        rig.Device.ReadConfig(config);
        return config;
    }

    private static int Status(NetworkRig rig) => BinaryPrimitives.ReadUInt16LittleEndian(Config(rig).AsSpan(6));
}
