using Viaduct.Backends.Network;
using Viaduct.Paravirtual.Network;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Network;

/// <summary>Which of several queue pairs a frame comes by, and with which hash.</summary>
public sealed class SteeringTests
{
    private const uint UdpV4 = 4;
    private const uint Ipv4 = 1;

    // Microsoft's key for checking, and a flow with its hash (virtio 1.2 follows it in 5.1.6.4.3).
    private static readonly byte[] _key = Convert.FromHexString("6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");
    private static readonly byte[] _flow = NetworkRig.Datagram("66.9.149.187", 2794, "161.142.100.80", 1766);

    [Fact]
    public void OnePair_UntilTheDriverSaysOtherwise()
    {
        using NetworkRig rig = new(pairs: 2);
        rig.Send(NetworkRig.Datagram("10.0.0.1", 1, "10.0.0.2", 2), pair: 1);
        Assert.Equal(0, PairOf(rig, NetworkRig.Datagram("10.0.0.2", 2, "10.0.0.1", 1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ByFlow_FramesComeByThePairThatSentLast(int networkQueues)
    {
        using NetworkRig rig = new(new LoopNetwork(networkQueues), pairs: 2);
        Assert.True(rig.Command(4, 0, NetworkRig.Short(2)));
        byte[] answer = NetworkRig.Datagram("10.0.0.2", 2, "10.0.0.1", 1);
        Assert.Equal(0, PairOf(rig, answer));
        rig.Send(NetworkRig.Datagram("10.0.0.1", 1, "10.0.0.2", 2), pair: 1);
        Assert.Equal(1, PairOf(rig, answer));
        rig.Send(NetworkRig.Datagram("10.0.0.1", 1, "10.0.0.2", 2), pair: 0);
        Assert.Equal(0, PairOf(rig, answer));
        Assert.False(rig.Command(4, 0, NetworkRig.Short(3)));
        Assert.False(rig.Command(4, 0, NetworkRig.Short(0)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Rss_TheTableAndTheHashChoose(int networkQueues)
    {
        using NetworkRig rig = new(new LoopNetwork(networkQueues), pairs: 2);

        // Over the ports the flow's hash ends in 8 (0x51ccc178, as UDP has TCP's input), over addresses in 2.
        Assert.True(rig.Command(4, 1, Rss(UdpV4, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], unclassified: 0)));
        Assert.Equal(1, PairOf(rig, _flow));
        Assert.True(rig.Command(4, 1, Rss(Ipv4, [0, 0, 1, 0], unclassified: 0)));
        Assert.Equal(1, PairOf(rig, _flow));
        Assert.True(rig.Command(4, 1, Rss(Ipv4, [0, 0, 0, 0], unclassified: 1)));
        Assert.Equal(0, PairOf(rig, _flow));
        Assert.Equal(1, PairOf(rig, NetworkRig.Frame(MacAddress.Broadcast)));
    }

    [Fact]
    public void Rss_ThatMakesNoSense_IsRefused()
    {
        using NetworkRig rig = new(pairs: 2);
        Assert.False(rig.Command(4, 1, Rss(UdpV4, [0, 2], unclassified: 0)));
        Assert.False(rig.Command(4, 1, Rss(UdpV4, [0, 1], unclassified: 2)));
        Assert.False(rig.Command(4, 1, Rss(UdpV4, [0, 1, 0], unclassified: 0)));
        Assert.False(rig.Command(4, 1, Rss(1 << 9, [0, 1], unclassified: 0)));
        Assert.False(rig.Command(4, 1, Rss(UdpV4, new ushort[256], unclassified: 0)));
        Assert.False(rig.Command(4, 1, Rss(UdpV4, [0, 1], unclassified: 0)[..^1]));
        Assert.False(rig.Command(4, 1, [1, 2, 3]));
    }

    [Fact]
    public void HashReport_IsInTheHeader()
    {
        using NetworkRig rig = new(features: ulong.MaxValue);
        Assert.True(rig.Command(4, 2, [.. NetworkRig.Word(UdpV4 | Ipv4), .. new byte[8], 40, .. _key]));
        rig.AddRoom(200);
        rig.AddRoom(200);
        rig.Loop.Queues[0].Incoming.Enqueue((_flow, default));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        rig.Run();
        NetworkHeader header = rig.TakeFrame()!.Value.Header;
        Assert.Equal((0x51ccc178u, (ushort)3), (header.Hash, header.HashReport));
        header = rig.TakeFrame()!.Value.Header;
        Assert.Equal((0u, (ushort)0), (header.Hash, header.HashReport));
    }

    [Fact]
    public void SeveralPairs_OneWithoutBuffers_HoldsUpNoOther()
    {
        using NetworkRig rig = new(pairs: 2);
        Assert.True(rig.Command(4, 1, Rss(Ipv4, [0, 0, 1, 0], unclassified: 0)));
        rig.AddRoom(200, pair: 0);
        rig.Loop.Queues[0].Incoming.Enqueue((_flow, default));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        rig.Run();
        Assert.NotNull(rig.TakeFrame(0));
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.NoBuffer));
    }

    [Fact]
    public void GuestOffloads_AsTheDriverSetsThem()
    {
        using NetworkRig rig = new();
        Assert.True(rig.Command(5, 0, [(byte)NetworkFeature.GuestChecksum, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(NetworkOffloads.Checksum, rig.Loop.Accepted);
        Assert.False(rig.Command(5, 0, [0xFF, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(NetworkOffloads.Checksum, rig.Loop.Accepted);
    }

    private static byte[] Rss(uint types, ushort[] table, int unclassified) =>
    [
        .. NetworkRig.Word(types),
        .. NetworkRig.Short(table.Length - 1),
        .. NetworkRig.Short(unclassified),
        .. table.SelectMany(entry => NetworkRig.Short(entry)),
        .. NetworkRig.Short(2),
        40,
        .. _key,
    ];

    private static int PairOf(NetworkRig rig, byte[] frame)
    {
        rig.AddRoom(200, 0);
        rig.AddRoom(200, 1);
        rig.Loop.Queues[0].Incoming.Enqueue((frame, default));
        rig.Run();
        int pair = rig.TakeFrame(0) is not null ? 0 : 1;
        return pair == 1 && rig.TakeFrame(1) is null ? -1 : pair;
    }
}
