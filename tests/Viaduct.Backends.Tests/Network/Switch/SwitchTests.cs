using System.Diagnostics;
using System.Net.Sockets;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Switch;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Switch;

public sealed class SwitchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switch-").FullName;
    private readonly List<Station> _stations = [];
    private readonly ListLog _log = new();

    public void Dispose()
    {
        _stations.ForEach(station => station.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Frames_BetweenStations_ArriveAsTheyWereSent()
    {
        Station a = Plug(1);
        Station b = Plug(2);
        byte[] large = FrameMaker.Tcp(4, new byte[60000]);
        OffloadHeader offload = FrameMaker.Offload(4, GsoType.Tcp4, 1400, 54, tcp: true);
        a.Send(large, offload);
        Assert.Equal(large, b.Receive());
        Assert.Equal(offload, b.Queue.Received.Offload);
    }

    [Fact]
    public void Unicast_ToAStationThatWasHeard_ReachesItAlone()
    {
        Station a = Plug(1);
        Station b = Plug(2);
        Station c = Plug(3);
        b.Send(b.Frame(MacAddress.Broadcast, 1));
        Assert.Equal(b.Frame(MacAddress.Broadcast, 1), a.Receive());
        Assert.Equal(b.Frame(MacAddress.Broadcast, 1), c.Receive());
        a.Send(a.Frame(b.Address, 2));
        a.Send(a.Frame(MacAddress.Broadcast, 3));
        Assert.Equal(a.Frame(b.Address, 2), b.Receive());
        Assert.Equal(a.Frame(MacAddress.Broadcast, 3), c.Receive());
    }

    [Fact]
    public void Vlans_AccessAndTrunk_TagAndSeparate()
    {
        Station red = Plug(1, VlanMembership.Access(10));
        Station blue = Plug(2, VlanMembership.Access(20));
        Station trunk = Plug(3, VlanMembership.Trunk([1, 10, 20]));
        Station other = Plug(4, VlanMembership.Trunk([1, 30]));
        red.Send(red.Frame(MacAddress.Broadcast, 1));
        blue.Send(blue.Frame(MacAddress.Broadcast, 2));
        byte[] tagged = trunk.Receive();
        Assert.Equal(Tagged(red.Frame(MacAddress.Broadcast, 1), 10), tagged);
        Assert.Equal(Tagged(blue.Frame(MacAddress.Broadcast, 2), 20), trunk.Receive());
        trunk.Send(trunk.Frame(MacAddress.Broadcast, 3, vlan: 30));
        trunk.Send(trunk.Frame(MacAddress.Broadcast, 4));
        trunk.Send(trunk.Frame(red.Address, 5, vlan: 10));
        trunk.Send(trunk.Frame(blue.Address, 6, vlan: 20));
        Assert.Equal(trunk.Frame(MacAddress.Broadcast, 4), other.Receive());
        Assert.Equal(Untagged(trunk.Frame(red.Address, 5, vlan: 10)), red.Receive());
        Assert.Equal(Untagged(trunk.Frame(blue.Address, 6, vlan: 20)), blue.Receive());
    }

    [Fact]
    public void Vlans_TagRemoved_TheChecksumsPlaceMovesWithIt()
    {
        Station trunk = Plug(1, VlanMembership.Trunk([10]));
        Station access = Plug(2, VlanMembership.Access(10));
        trunk.Send(FrameMaker.Udp(4, [1, 2, 3], tags: 1), FrameMaker.Offload(4, GsoType.None, 0, 0, tcp: false, tags: 1));
        byte[] frame = access.Receive();
        InternetChecksum.Complete(frame, access.Queue.Received.Offload);
        Assert.True(PlainChecksum.IsRight(frame, 14, 34));
    }

    [Fact]
    public void Flood_OfOneStation_CostsTheOthersNoFrame()
    {
        const int Frames = 20_000;

        // By a clock that stands still: nobody is given up for being slow, however busy the machine is.
        Station a = Plug(1, time: new StoppedTime());
        Station b = Plug(2);
        Station flooder = Plug(3);
        b.Send(b.Frame(MacAddress.Broadcast));
        _ = a.Receive();
        bool stop = false;
        Thread flood = new(() =>
        {
            for (int i = 0; !Volatile.Read(ref stop); i++)
            {
                _ = flooder.TrySend(flooder.Frame(i % 2 == 0 ? MacAddress.Broadcast : new MacAddress(0x9999), i));
            }
        });
        Thread sender = new(() =>
        {
            for (int i = 1; i <= Frames; i++)
            {
                a.Send(a.Frame(b.Address, i));
            }
        });
        flood.Start();
        sender.Start();
        for (int i = 1; i <= Frames; i++)
        {
            Assert.Equal(a.Frame(b.Address, i), b.Receive(frame => MacAddress.Read(frame.AsSpan(6)) == a.Address));
        }

        Volatile.Write(ref stop, true);
        flood.Join();
        sender.Join();
    }

    [Fact]
    public void Station_ThatTakesNothing_HoldsUpNobodyElse()
    {
        Station a = Plug(1);
        Station b = Plug(2);
        Station deaf = Plug(3);
        b.Send(b.Frame(MacAddress.Broadcast));
        deaf.Send(deaf.Frame(MacAddress.Broadcast));
        _ = a.Receive();
        _ = a.Receive();
        for (int i = 1; i <= 3000; i++)
        {
            a.Send(a.Frame(deaf.Address, i, 1500));
        }

        a.Send(a.Frame(b.Address, 4000));
        Assert.Equal(a.Frame(b.Address, 4000), b.Receive(frame => MacAddress.Read(frame) == b.Address));
    }

    [Fact]
    public void Host_Leaves_AnotherTakesOver()
    {
        Station host = Plug(1);
        Station b = Plug(2);
        Station c = Plug(3);
        host.Dispose();
        _ = _stations.Remove(host);
        b.AwaitReconnection();
        c.AwaitReconnection();
        b.Send(b.Frame(MacAddress.Broadcast, 7));
        Assert.Equal(b.Frame(MacAddress.Broadcast, 7), c.Receive());
    }

    [Fact]
    public void HostProcess_Killed_AnotherTakesOver()
    {
        using Process host = SwitchProcess.Start(_folder);
        Station b = Plug(2);
        b.Send(b.Frame(MacAddress.Broadcast, 1));
        Assert.Equal(SwitchProcess.Received, host.StandardOutput.ReadLine());
        Station c = Plug(3);
        host.Kill();
        host.WaitForExit();
        b.AwaitReconnection();
        c.AwaitReconnection();
        b.Send(b.Frame(MacAddress.Broadcast, 7));
        Assert.Equal(b.Frame(MacAddress.Broadcast, 7), c.Receive());
    }

    [Fact]
    public void Stranger_OnTheSocket_IsClosedAndReported()
    {
        Station a = Plug(1);
        using Socket stranger = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        stranger.Connect(new UnixDomainSocketEndPoint(Path.Combine(_folder, "lan.socket")));
        _ = stranger.Send(new byte[100]);
        _log.Await("no greeting of this version");
        Assert.Equal(0, stranger.Receive(new byte[1]));
        Station b = Plug(2);
        a.Send(a.Frame(MacAddress.Broadcast, 1));
        Assert.Equal(a.Frame(MacAddress.Broadcast, 1), b.Receive());
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    public void Open_NameThatIsNone_SaysSo(string name) => Assert.Contains(
        "a switch's name has",
        Assert.Throws<NetworkOpenException>(() => SwitchBackend.Open(new SwitchOptions { Switch = name, Folder = _folder, Log = _log })).Message,
        StringComparison.Ordinal);

    private static byte[] Tagged(byte[] frame, int vlan) => [.. frame[..12], 0x81, 0, (byte)(vlan >> 8), (byte)vlan, .. frame[12..]];

    private static byte[] Untagged(byte[] frame) => [.. frame[..12], .. frame[16..]];

    private Station Plug(ulong number, VlanMembership? vlans = null, TimeProvider? time = null)
    {
        SwitchOptions options = new()
        {
            Switch = SwitchProcess.Switch,
            Folder = _folder,
            Vlans = vlans ?? VlanMembership.All,
            Log = _log,
            Time = time ?? TimeProvider.System,
        };
        Station station = new(SwitchBackend.Open(options), 0x5254_0000_0000 + number);
        _stations.Add(station);
        station.AwaitLink(up: true);
        return station;
    }
}
