using Viaduct.Backends.Network;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class NetOptionTests
{
    [Fact]
    public void Parse_BackendAlone_IsAParavirtualCardNamedByItsPlace()
    {
        NetworkSpec network = NetOption.Parse("backend=tap:tap0", 2);
        Assert.Equal(new NetworkSpec { Id = "net2", Kind = NetworkKind.Tap, Target = "tap0", Road = Road.Paravirtual }, network);
    }

    [Fact]
    public void Parse_AllParts_AreTaken()
    {
        NetworkSpec network = NetOption.Parse("id=wan,backend=passt,mac=52:54:00:12:34:56,queues=4,mtu=9000,pcap=a.pcap,tcp=2222:22+80,udp=53,road=paravirtual", 0);
        Assert.Equal(
            new NetworkSpec
            {
                Id = "wan",
                Kind = NetworkKind.Passt,
                Mac = new MacAddress(0x5254_0012_3456),
                Queues = 4,
                Mtu = 9000,
                Capture = "a.pcap",
                TcpPorts = "2222:22,80",
                UdpPorts = "53",
            },
            network);
    }

    [Fact]
    public void Parse_Trunk_CarriesWhatItNames()
    {
        NetworkSpec network = NetOption.Parse("backend=switch:lan,trunk=1+10", 0);
        Assert.Equal((NetworkKind.Switch, "lan", 1), (network.Kind, network.Target, network.Vlans!.Untagged));
        Assert.True(network.Vlans.Carries(10));
        Assert.False(network.Vlans.Carries(11));
    }

    [Theory]
    [InlineData("mac=52:54:00:12:34:56", "no backend=")]
    [InlineData("backend=bridge:br0", "'backend=bridge:br0' is none of")]
    [InlineData("backend=tap", "'backend=tap' is none of")]
    [InlineData("backend=passt:x", "'backend=passt:x' is none of")]
    [InlineData("backend=none,mac=12", "'mac=12' is no address")]
    [InlineData("backend=none,mac=01:00:00:00:00:01", "which no station can have")]
    [InlineData("backend=none,queues=0", "'queues=0' is no number from 1 to 16")]
    [InlineData("backend=none,road=emulated", "use road=paravirtual")]
    [InlineData("backend=none,road=shared", "'road=shared' is none of")]
    [InlineData("backend=none,vlan=2", "takes backend=switch:NAME")]
    [InlineData("backend=switch:a,vlan=2,trunk=3", "'trunk' beside 'vlan'")]
    [InlineData("backend=switch:a,trunk=3+x", "'trunk=x' is no number")]
    [InlineData("backend=none,tcp=22", "takes backend=passt")]
    [InlineData("backend=none,colour=red", "'colour' isn't known here")]
    public void Parse_Wrong_SaysWhatAndWhere(string value, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => NetOption.Parse(value, 0)).Message, StringComparison.Ordinal);
}
