using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Tap;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Tap;

/// <summary>What <see cref="TapTests"/> checks, inside a network namespace. The host has 10.9.0.1, the card 10.9.0.2.</summary>
internal static class TapCases
{
    private const string Interface = "vtap0";
    private const ulong Card = 0x5254_0000_0002;
    private static readonly byte[] _hostAddress = [10, 9, 0, 1];
    private static readonly byte[] _cardAddress = [10, 9, 0, 2];

    internal static void Run(string test)
    {
        Dictionary<string, Action> tests = new()
        {
            [nameof(HostPings)] = HostPings,
            [nameof(Offloads)] = Offloads,
            [nameof(Queues)] = Queues,
            [nameof(LinkFollowsTheInterface)] = LinkFollowsTheInterface,
            [nameof(InterfaceGone)] = InterfaceGone,
            [nameof(Refusals)] = Refusals,
        };
        tests[test]();
    }

    /// <summary>The interface is made, the host's ping is answered by a card of a few lines, and the interface goes with us.</summary>
    internal static void HostPings()
    {
        using (Station card = Open())
        {
            using Ping ping = new();
            Task<PingReply> reply = ping.SendPingAsync(new IPAddress(_cardAddress), 60_000, new byte[1000]);
            byte[] echo = card.Receive(IsEcho);
            Answer(echo);
            card.Send(echo);
            Assert.Equal(IPStatus.Success, reply.GetAwaiter().GetResult().Status);
        }

        Assert.False(Directory.Exists($"/sys/class/net/{Interface}"));
    }

    /// <summary>The kernel leaves checksums and large segments to a card that takes them, and does them for one that doesn't.</summary>
    internal static void Offloads()
    {
        using Station card = Open();
        Assert.Equal(NetworkOffloads.All, card.Network.Offloads);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        IPEndPoint to = new(new IPAddress(_cardAddress), 9);
        _ = socket.SendTo(new byte[500], to);
        byte[] complete = card.Receive(IsUdp);
        Assert.True(card.Queue.Received.Offload.IsComplete);
        Assert.True(PlainChecksum.IsRight(complete, 14, 34));
        card.Network.AcceptOffloads(NetworkOffloads.All);
        _ = socket.SendTo(new byte[500], to);
        byte[] partial = card.Receive(IsUdp);
        OffloadHeader offload = card.Queue.Received.Offload;
        Assert.Equal((OffloadFlags.NeedsChecksum, 34, 6), (offload.Flags, offload.ChecksumStart, offload.ChecksumOffset));
        InternetChecksum.Complete(partial, offload);
        Assert.True(PlainChecksum.IsRight(partial, 14, 34));

        // The other way: a run of datagrams as one frame, which the host gets one by one, with right checksums.
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 60_000 };
        receiver.Bind(new IPEndPoint(new IPAddress(_hostAddress), 5001));
        byte[] payload = [.. Enumerable.Range(0, 3000).Select(i => (byte)i)];
        byte[] frame = FrameMaker.Udp(4, payload);
        MacOf(Interface).Write(frame);
        _cardAddress.CopyTo(frame, 26);
        _hostAddress.CopyTo(frame, 30);
        frame.AsSpan(24, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(24), (ushort)~PlainChecksum.Sum(frame.AsSpan(14, 20), 0));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(40), PlainChecksum.PseudoHeader(frame, 14, 34));
        card.Send(frame, FrameMaker.Offload(4, GsoType.Udp, 1000, 42, tcp: false));
        byte[] datagram = new byte[4000];
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(1000, receiver.Receive(datagram));
            Assert.Equal(payload[(1000 * i)..(1000 * (i + 1))], datagram[..1000]);
        }
    }

    /// <summary>Several queues, each with frames of its flows.</summary>
    internal static void Queues()
    {
        using TapBackend tap = TapBackend.Open(new TapOptions { Interface = Interface, Queues = 2, Log = new ListLog() });
        Configure();
        using INetworkQueue first = tap.OpenQueue();
        using INetworkQueue second = tap.OpenQueue();
        _ = Assert.Throws<InvalidOperationException>(tap.OpenQueue);
        int[] heard = new int[2];
        for (int port = 10_000; heard.Min() == 0; port++)
        {
            Assert.True(port < 12_000, "all flows come by one queue");
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            _ = socket.SendTo(new byte[10], new IPEndPoint(new IPAddress(_cardAddress), 9));
            heard[0] += first.TryReceive() ? 1 : 0;
            heard[1] += second.TryReceive() ? 1 : 0;
        }
    }

    internal static void LinkFollowsTheInterface()
    {
        using Station card = Open();
        Assert.True(card.Network.LinkUp);
        TapProcess.Call("ip", "link", "set", Interface, "down");
        card.AwaitLink(up: false);
        Assert.Equal(SendStatus.LinkDown, card.TrySend(card.Frame(MacAddress.Broadcast)));
        TapProcess.Call("ip", "link", "set", Interface, "up");
        card.AwaitLink(up: true);
        card.Send(card.Frame(MacAddress.Broadcast));
    }

    internal static void InterfaceGone()
    {
        ListLog log = new();
        using Station card = Open(log);
        TapProcess.Call("ip", "link", "delete", Interface);
        while (card.Queue.TryReceive())
        {
        }

        log.Await("the interface is gone");
        Assert.False(card.Network.LinkUp);
        Assert.Equal(SendStatus.LinkDown, card.TrySend(card.Frame(MacAddress.Broadcast)));

        // A worker sleeps on, instead of being told of the end again and again.
        card.Queue.Wait(NetworkInterest.Receive, TimeSpan.FromMilliseconds(1));
    }

    internal static void Refusals()
    {
        Assert.Contains("lo is no tap", Refusal("lo"), StringComparison.Ordinal);
        TapProcess.Call("ip", "tuntap", "add", "dev", "vtun0", "mode", "tun");
        Assert.Contains("vtun0 is no tap", Refusal("vtun0"), StringComparison.Ordinal);
        using Station card = Open();
        Assert.Contains("another program uses vtap0", Refusal(Interface), StringComparison.Ordinal);
        TapProcess.Call("ip", "tuntap", "add", "dev", "vtap1", "mode", "tap");
        using TapBackend one = TapBackend.Open(new TapOptions { Interface = "vtap1", Queues = 4, Log = new ListLog() });
        Assert.Equal(1, one.MaximumQueues);
        Assert.Contains("without multi_queue", Assert.Single(one.Notes), StringComparison.Ordinal);
    }

    private static string Refusal(string name) =>
        Assert.Throws<NetworkOpenException>(() => TapBackend.Open(new TapOptions { Interface = name, Log = new ListLog() })).Message;

    private static Station Open(ListLog? log = null)
    {
        Station card = new(TapBackend.Open(new TapOptions { Interface = Interface, Log = log ?? new ListLog() }), Card);
        Configure();
        return card;
    }

    private static void Configure()
    {
        TapProcess.Call("ip", "address", "add", "10.9.0.1/24", "dev", Interface);
        TapProcess.Call("ip", "neighbour", "add", "10.9.0.2", "lladdr", new MacAddress(Card).ToString(), "dev", Interface);
    }

    private static MacAddress MacOf(string name) =>
        MacAddress.TryParse(File.ReadAllText($"/sys/class/net/{name}/address").Trim(), out MacAddress address) ? address : default;

    private static bool IsUdp(byte[] frame) =>
        frame.Length > 42 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)) == 0x0800 && frame[23] == 17 && frame[33] == 2 && frame[37] == 9;

    private static bool IsEcho(byte[] frame) =>
        frame.Length > 42 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)) == 0x0800 && frame[23] == 1 && frame[34] == 8;

    /// <summary>Makes an echo request the answer to itself.</summary>
    private static void Answer(Span<byte> frame)
    {
        Exchange(frame[..6], frame[6..12]);
        Exchange(frame[26..30], frame[30..34]);
        frame[34] = 0;
        frame[36..38].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(frame[36..], (ushort)~PlainChecksum.Sum(frame[34..], 0));
    }

    private static void Exchange(Span<byte> left, Span<byte> right)
    {
        byte[] kept = left.ToArray();
        right.CopyTo(left);
        kept.CopyTo(right);
    }
}
