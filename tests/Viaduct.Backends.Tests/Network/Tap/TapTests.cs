using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Tap;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Tap;

/// <summary>Taps of the kernel that runs the tests. It takes /dev/net/tun, util-linux and iproute2.</summary>
public sealed class TapTests
{
    [Theory]
    [InlineData(nameof(TapCases.HostPings))]
    [InlineData(nameof(TapCases.Offloads))]
    [InlineData(nameof(TapCases.Queues))]
    [InlineData(nameof(TapCases.LinkFollowsTheInterface))]
    [InlineData(nameof(TapCases.InterfaceGone))]
    [InlineData(nameof(TapCases.Refusals))]
    public void Apart(string test) => TapProcess.RunApart(test);

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("sixteen-letters-")]
    [InlineData("tap%d")]
    public void Open_NameThatIsNone_SaysSo(string name) => Assert.Contains(
        "an interface's name has",
        Assert.Throws<NetworkOpenException>(() => TapBackend.Open(new TapOptions { Interface = name, Log = new ListLog() })).Message,
        StringComparison.Ordinal);
}
