using Viaduct.Backends.Network;
using Viaduct.Paravirtual.Network;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Network;

/// <summary>Which frames the driver gets, by the control queue's commands.</summary>
public sealed class FilterTests : IDisposable
{
    private static readonly MacAddress _other = new(0x5254_0000_0002);
    private static readonly MacAddress _group = new(0x0100_5E00_0001);

    private readonly NetworkRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Untouched_EveryFrameComes() => Assert.True(Comes(_other) && Comes(_group) && Comes(MacAddress.Broadcast));

    [Fact]
    public void NotPromiscuous_OnlyOwnStationAndBroadcast()
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.Equal((true, true, false, false), (Comes(NetworkRig.Mac), Comes(MacAddress.Broadcast), Comes(_other), Comes(_group)));
        Assert.Equal(2, _rig.Counters.DroppedFor(DropReason.Filtered));
    }

    [Theory]
    [InlineData(1, true, false, true)]
    [InlineData(2, true, true, false)]
    [InlineData(4, false, false, false)]
    [InlineData(5, true, false, false)]
    public void Mode_LetsInOrKeepsOut(byte mode, bool own, bool other, bool group)
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.True(_rig.Command(0, mode, 1));
        Assert.Equal((own, other, group, mode != 5), (Comes(NetworkRig.Mac), Comes(_other), Comes(_group), Comes(MacAddress.Broadcast)));
    }

    [Fact]
    public void Table_NamesStationsAndGroups()
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.True(_rig.Command(1, 0, [.. NetworkRig.Word(1), .. Bytes(_other), .. NetworkRig.Word(1), .. Bytes(_group)]));
        Assert.Equal((true, true, false), (Comes(_other), Comes(_group), Comes(new MacAddress(0x5254_0000_0003))));
        Assert.True(_rig.Command(1, 0, [.. NetworkRig.Word(0), .. NetworkRig.Word(0)]));
        Assert.Equal((false, false), (Comes(_other), Comes(_group)));
    }

    [Fact]
    public void Table_LargerThanTheRoom_LetsAllOfTheKindIn()
    {
        byte[] many = [.. Enumerable.Range(0, 65).SelectMany(i => Bytes(new MacAddress((ulong)(0x5254_1000_0000 + (i << 1)))))];
        Assert.True(_rig.Command(0, 0, 0));
        Assert.True(_rig.Command(1, 0, [.. NetworkRig.Word(65), .. many, .. NetworkRig.Word(0)]));
        Assert.Equal((true, false), (Comes(_other), Comes(_group)));
    }

    [Fact]
    public void Table_CutOff_IsRefusedAndChangesNothing()
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.False(_rig.Command(1, 0, [.. NetworkRig.Word(2), .. Bytes(_other)]));
        Assert.False(_rig.Command(1, 0, [.. NetworkRig.Word(0)]));
        Assert.False(_rig.Command(1, 0, [.. NetworkRig.Word(0), .. NetworkRig.Word(0), 1]));
        Assert.False(Comes(_other));
    }

    [Fact]
    public void Address_SetByTheDriver_IsItsStationAndInTheConfiguration()
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.True(_rig.Command(1, 1, Bytes(_other)));
        Assert.Equal((true, false), (Comes(_other), Comes(NetworkRig.Mac)));
        byte[] config = new byte[_rig.Device.ConfigLength];
        _rig.Device.ReadConfig(config);
        Assert.Equal(_other, MacAddress.Read(config));
        _rig.Device.Reset();
        _rig.Device.ReadConfig(config);
        Assert.Equal(NetworkRig.Mac, MacAddress.Read(config));
    }

    [Fact]
    public void Vlans_OnlyThoseThatWereAdded()
    {
        Assert.True(_rig.Command(0, 0, 0));
        Assert.False(Comes(NetworkRig.Mac, vlan: 7));
        Assert.True(_rig.Command(2, 0, NetworkRig.Short(7)));
        Assert.Equal((true, false, true), (Comes(NetworkRig.Mac, vlan: 7), Comes(NetworkRig.Mac, vlan: 8), Comes(NetworkRig.Mac)));
        Assert.True(_rig.Command(2, 1, NetworkRig.Short(7)));
        Assert.False(Comes(NetworkRig.Mac, vlan: 7));
        Assert.False(_rig.Command(2, 0, NetworkRig.Short(4096)));
    }

    [Theory]
    [InlineData(NetworkFeature.ControlReceive, 0, 0)]
    [InlineData(NetworkFeature.ControlReceiveExtra, 0, 3)]
    public void Mode_NotAgreedOn_IsRefused(ulong feature, byte kind, byte command)
    {
        using NetworkRig rig = new(features: NetworkRig.AllFeatures & ~feature);
        Assert.False(rig.Command(kind, command, 0));
    }

    private static byte[] Bytes(MacAddress address)
    {
        byte[] bytes = new byte[MacAddress.Length];
        address.Write(bytes);
        return bytes;
    }

    private bool Comes(MacAddress to, int? vlan = null)
    {
        byte[] frame = NetworkRig.Frame(to, 1);
        if (vlan is { } tag)
        {
            frame = [.. frame[..12], 0x81, 0, (byte)(tag >> 8), (byte)tag, .. frame[12..]];
        }

        _rig.AddRoom(200);
        _rig.Loop.Queues[0].Incoming.Enqueue((frame, default));
        _rig.Run();
        return _rig.TakeFrame() is { } received && received.Frame.AsSpan().SequenceEqual(frame);
    }
}
