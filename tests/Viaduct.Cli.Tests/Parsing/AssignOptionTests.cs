using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class AssignOptionTests
{
    [Fact]
    public void Parse_Socket_GetsAnIdOfItsPlace() =>
        Assert.Equal(new AssignedSpec { Id = "assigned2", Socket = "/run/a=b.sock" }, Parse("vfio-user:/run/a=b.sock", 2));

    [Fact]
    public void Parse_Id_IsTaken() =>
        Assert.Equal(new AssignedSpec { Id = "disk", Socket = "a.sock" }, Parse("vfio-user:a.sock,id=disk", 0));

    [Fact]
    public void Parse_FunctionOfTheHost_IsRead()
    {
        PciAddress address = new(0, 1, 0x10, 2);
        Guid token = Guid.Parse("2ab74924-c335-45f4-9b16-8569e5b08258");
        Assert.Equal(new AssignedSpec { Id = "assigned0", Host = address }, Parse("vfio:01:10.2", 0));
        Assert.Equal(new AssignedSpec { Id = "nic", Host = address, VfToken = token }, Parse($"vfio:0000:01:10.2,vf-token={token},id=nic", 0));
    }

    [Theory]
    [InlineData("/run/a.sock", "'/run/a.sock'")]
    [InlineData("vfio-user:", "'vfio-user:'")]
    [InlineData("vfio:01:00.0,vf-token=1", "'vf-token=1'")]
    [InlineData("vfio:01:00.0,road=assigned", "'road'")]
    [InlineData("vfio-user:a,vf-token=2ab74924-c335-45f4-9b16-8569e5b08258", "'vf-token'")]
    [InlineData("vfio-user:a,road=assigned", "'road'")]
    [InlineData("vfio-user:a,id=", "'id'")]
    [InlineData("vfio-user:a,id=a b", "'id=a b'")]
    [InlineData("vfio-user:a,", "an empty part")]
    public void Parse_SomethingElse_IsQuoted(string value, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<FormatException>(() => Parse(value, 0)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("vfio:", "''")]
    [InlineData("vfio:0000:01:20.0", "'0000:01:20.0'")]
    [InlineData("vfio:no-such-interface/vf1", "'no-such-interface'")]
    [InlineData("vfio:7fff:7f:1f.7/any", "7fff:7f:1f.7: this host has no such device")]
    public void Parse_FunctionThatTheHostHasNot_IsQuoted(string value, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<HostFunctionException>(() => Parse(value, 0)).Message, StringComparison.Ordinal);

    private static AssignedSpec Parse(string value, int index) => AssignOption.Parse(value, index, new HashSet<PciAddress>());
}
