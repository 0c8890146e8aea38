using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Sriov.Tests.Host;

public sealed class HostFunctionsTests : IDisposable
{
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void PhysicalFunction_IsShownAsItStands()
    {
        _host.AddDevice("0000:02:00.0", "0x1b36", "0x0010", "0x010802");
        PhysicalFunctionState found = Assert.Single(_host.Functions.All);
        Assert.Equal(("0000:01:00.0", "8086:10c9", "igb", "eth3", 7, true), (found.Address.ToString(), found.Identity, found.Driver, found.Interface, found.Total, found.Probes));
        Assert.Empty(found.Functions);
        Assert.Null(found.Use);
    }

    [Fact]
    public void InterfaceOfAVirtioFunction_IsItsInnerDevices()
    {
        string inner = Path.Combine(_host.Root, "sys/bus/pci/devices/0000:03:00.0/virtio0");
        string network = Path.Combine(inner, "net/eth5");
        _host.AddDevice("0000:03:00.0", "0x1af4", "0x1041", "0x020000");
        _ = Directory.CreateDirectory(network);
        File.WriteAllText(Path.Combine(inner, "../sriov_totalvfs"), "3\n");
        File.WriteAllText(Path.Combine(network, "ifindex"), "9\n");
        _ = Directory.CreateSymbolicLink(Path.Combine(network, "device"), "../../../virtio0");
        _ = Directory.CreateSymbolicLink(Path.Combine(_host.Root, "sys/class/net/eth5"), network);
        PhysicalFunctionState found = _host.Functions.Find("eth5");
        Assert.Equal(("0000:03:00.0", "eth5", 3), (found.Address.ToString(), found.Interface, found.Total));
    }

    [Theory]
    [InlineData("0000:09:00.0", "no such device")]
    [InlineData("0000:02:00.0", "has no SR-IOV")]
    [InlineData("eth9", "neither a PCI function's address nor a network interface")]
    [InlineData("dummy0", "no interface of a PCI function's")]
    [InlineData("0000:01:10.0", "is a virtual function itself, of 0000:01:00.0")]
    [InlineData("../net/eth3", "neither")]
    [InlineData("..", "neither")]
    public void TargetThatIsNone_IsToldWithTheReason(string target, string reason)
    {
        _host.AddDevice("0000:02:00.0", "0x1b36", "0x0010", "0x010802");
        _ = Directory.CreateDirectory(Path.Combine(_host.Root, "sys/class/net/dummy0"));
        _host.Changes.Create("eth3", 1, new VfChange(), null, false);
        HostFunctionException error = Assert.Throws<HostFunctionException>(() => _host.Functions.Find(target));
        Assert.Equal(ControlErrorKind.Missing, error.Kind);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
