using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Tests.Host.Netlink;

/// <summary>With this machine's kernel: its loopback interface, which every network namespace has, has no virtual functions.</summary>
public sealed class LinkSettingsTests
{
    private const int Loopback = 1;
    private const int EPERM = 1;
    private const int ENODEV = 19;
    private const int EOPNOTSUPP = 95;
    private const int Nobody = 0x7FFF_0000;

    [Fact]
    public void InterfaceWithoutFunctions_HasNone() => Assert.Empty(new LinkSettings().Read(Loopback));

    [Fact]
    public void InterfaceThatIsNotThere_IsTold() =>
        Assert.Equal(ENODEV, Assert.Throws<NetlinkException>(() => new LinkSettings().Read(Nobody)).Errno);

    [Fact]
    public void Setting_ThatTheInterfaceDoesNotHave_IsRefusedByTheKernel() =>
        Assert.Contains(Assert.Throws<NetlinkException>(() => new LinkSettings().SetSpoofCheck(Loopback, 0, on: true)).Errno, (int[])[EOPNOTSUPP, EPERM]);
}
