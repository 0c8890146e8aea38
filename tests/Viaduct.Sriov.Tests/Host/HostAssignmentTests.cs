using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Sriov.Tests.Host;

public sealed class HostAssignmentTests : IDisposable
{
    private readonly FakeHost _host = new();
    private readonly HashSet<PciAddress> _taken = [];

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("0000:05:00.1", "0000:05:00.1")]
    [InlineData("eth3", "0000:01:00.0")]
    [InlineData("eth3/vf2", "0000:01:10.2")]
    [InlineData("01:00.0/vf1", "0000:01:10.0")]
    [InlineData("0000:01:00.0/vf3", "0000:01:10.4")]
    [InlineData("eth3/any", "0000:01:10.0")]
    public void Text_NamesAFunction(string text, string address)
    {
        Create(3);
        Assert.Equal(address, Resolve(text).ToString());
    }

    [Fact]
    public void Any_IsOneThatNobodyUses()
    {
        Create(3);
        using DeviceClaim claim = _host.Registry.Claim(FakeHost.Address(1), "guest 'a'");
        Assert.Equal(FakeHost.Address(2), Resolve("eth3/any").ToString());
        _ = _taken.Add(Resolve("eth3/any"));
        Assert.Equal(FakeHost.Address(3), Resolve("eth3/any").ToString());
        _ = _taken.Add(Resolve("eth3/any"));
        HostFunctionException error = Assert.Throws<HostFunctionException>(() => Resolve("eth3/any"));
        Assert.Equal(ControlErrorKind.Held, error.Kind);
        Assert.Contains("vf1 by guest 'a' (pid", error.Message, StringComparison.Ordinal);
        Assert.Contains("viaduct sriov create eth3 N", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eth3/any")]
    [InlineData("eth3/vf1")]
    public void NoFunctions_AreMadeByACommandThatIsTold(string text)
    {
        HostFunctionException error = Assert.Throws<HostFunctionException>(() => Resolve(text));
        Assert.Equal(ControlErrorKind.Missing, error.Kind);
        Assert.Contains("viaduct sriov create eth3 1 autoprobe=off", error.Message, StringComparison.Ordinal);
        Assert.Empty(_host.Log);
    }

    [Theory]
    [InlineData("eth9", "names no function")]
    [InlineData("eth3/vf", "names no function")]
    [InlineData("eth3/2", "names no function")]
    [InlineData("eth3/vf0", "numbered from 1")]
    [InlineData("eth3/vf4", "no vf4")]
    [InlineData("eth9/vf1", "neither")]
    [InlineData("", "names no function")]
    public void Text_ThatNamesNone_IsToldWithWhatWould(string text, string reason)
    {
        Create(3);
        Assert.Contains(reason, Assert.Throws<HostFunctionException>(() => Resolve(text)).Message, StringComparison.Ordinal);
    }

    private void Create(int count) => _host.Changes.Create("eth3", count, new VfChange(), probes: false, force: false);

    private PciAddress Resolve(string text) => new HostAssignment(_host.Functions).Resolve(text, _taken);
}
