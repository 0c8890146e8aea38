using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class AssignOptionTests
{
    [Fact]
    public void Parse_Socket_GetsAnIdOfItsPlace() =>
        Assert.Equal(new AssignedSpec { Id = "assigned2", Socket = "/run/a=b.sock" }, AssignOption.Parse("vfio-user:/run/a=b.sock", 2));

    [Fact]
    public void Parse_Id_IsTaken() =>
        Assert.Equal(new AssignedSpec { Id = "disk", Socket = "a.sock" }, AssignOption.Parse("vfio-user:a.sock,id=disk", 0));

    [Theory]
    [InlineData("/run/a.sock", "'/run/a.sock'")]
    [InlineData("vfio-user:", "'vfio-user:'")]
    [InlineData("vfio:0000:01:00.0", "'vfio:0000:01:00.0'")]
    [InlineData("vfio-user:a,road=assigned", "'road'")]
    [InlineData("vfio-user:a,id=", "'id'")]
    [InlineData("vfio-user:a,id=a b", "'id=a b'")]
    [InlineData("vfio-user:a,", "an empty part")]
    public void Parse_SomethingElse_IsQuoted(string value, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<FormatException>(() => AssignOption.Parse(value, 0)).Message, StringComparison.Ordinal);
}
