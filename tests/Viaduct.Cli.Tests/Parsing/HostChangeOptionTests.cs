using System.Net.NetworkInformation;
using Viaduct.Cli.Parsing;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class HostChangeOptionTests
{
    [Fact]
    public void Set_WithEverything_IsRead() =>
        Assert.Equal(
            (2, new VfChange
            {
                Mac = PhysicalAddress.Parse("52:54:00:00:00:02"),
                Vlan = 100,
                Priority = 3,
                IsServiceTag = true,
                SpoofCheck = false,
                Trust = true,
                LeastRate = 10,
                MostRate = 500,
                LinkState = VfLinkState.Down,
            }, null),
            Set("vf=2 mac=52:54:00:00:00:02 vlan=100 qos=3 proto=802.1ad spoofchk=off trust=on min-tx-rate=10 max-tx-rate=500 link=down"));

    [Fact]
    public void Set_OfThePhysicalFunction_IsRead() => Assert.Equal((null, new VfChange(), false), Set("pf autoprobe=off"));

    [Theory]
    [InlineData("mac=52:54:00:00:00:02")]
    [InlineData("vf=1")]
    [InlineData("pf")]
    [InlineData("vf=1 pf vlan=1")]
    [InlineData("vf=x vlan=1")]
    [InlineData("vf=1 mac=525400000002")]
    [InlineData("vf=1 mac=52:54:00:00:00")]
    [InlineData("vf=1 mac=52:54:00:00:00:0g")]
    [InlineData("vf=1 vlan=-1")]
    [InlineData("vf=1 proto=vxlan")]
    [InlineData("vf=1 spoofchk=maybe")]
    [InlineData("vf=1 link=sideways")]
    [InlineData("vf=1 iops=5")]
    [InlineData("pf vlan=1")]
    [InlineData("vf=1 autoprobe=on")]
    public void Set_ThatMakesNoSense_IsRefused(string text) => Assert.Throws<FormatException>(() => Set(text));

    [Fact]
    public void Create_MayNameWhatTheNewOnesAreSetTo()
    {
        Assert.Equal((new VfChange(), null), HostChangeOption.ParseCreate([]));
        Assert.Equal((new VfChange { Vlan = 5 }, true), HostChangeOption.ParseCreate(["vlan=5", "autoprobe=on"]));
        Assert.Throws<FormatException>(() => HostChangeOption.ParseCreate(["vf=1"]));
    }

    private static (int? Function, VfChange Change, bool? Probes) Set(string text) => HostChangeOption.ParseSet(text.Split(' '));
}
