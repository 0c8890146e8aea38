using Viaduct.Cli.Bench.VfioUser;
using Viaduct.Cli.Parsing;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class RegisterOptionTests
{
    [Fact]
    public void Register_IsNamedByItsPlace()
    {
        Assert.Equal(new RegisterPlace("/run/a.sock", null, 0, 4), RegisterOption.Parse("--peer", "/run/a.sock"));
        Assert.Equal(new RegisterPlace("a.sock", 7, 0x10, 2), RegisterOption.Parse("--peer", "a.sock,region=7,offset=0x10,size=2"));
        Assert.Equal(new RegisterPlace("a.sock", null, 28, 8), RegisterOption.Parse("--peer", "a.sock,offset=28,size=8"));
    }

    [Theory]
    [InlineData("", "''")]
    [InlineData(",region=1", "',region=1'")]
    [InlineData("a,region=8", "'region=8'")]
    [InlineData("a,region=-1", "'region=-1'")]
    [InlineData("a,offset=0xg", "'offset=0xg'")]
    [InlineData("a,size=3", "'size=3'")]
    [InlineData("a,length=3", "'length'")]
    public void Register_ThatIsNone_IsQuoted(string value, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<FormatException>(() => RegisterOption.Parse("--peer", value)).Message, StringComparison.Ordinal);
}
