using Viaduct.Cli.Parsing;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class ServedDiskOptionTests
{
    [Fact]
    public void Parse_TakesAllParts()
    {
        ServedDiskOption disk = ServedDiskOption.Parse("path=a.img,format=raw,readonly,direct,id=a,vf=2", 2);
        Assert.Equal(("a.img", true, true), (disk.Image.Path, disk.Image.ReadOnly, disk.Image.Direct));
        Assert.Equal(("a", 2, false), (disk.Id, disk.Function, disk.Shared));
        Assert.True(ServedDiskOption.Parse("path=a.img,shared", 1).Shared);
        Assert.Null(ServedDiskOption.Parse("path=a.img", 1).Function);
        Assert.Equal(0, ServedDiskOption.Parse("path=a.img,vf=0", 1).Function);
    }

    [Theory]
    [InlineData("readonly", 0, "path")]
    [InlineData("path=a,vf=1", 0, "--vfs")]
    [InlineData("path=a,shared", 0, "--vfs")]
    [InlineData("path=a,vf=3", 2, "vf=3")]
    [InlineData("path=a,vf=-1", 2, "vf=-1")]
    [InlineData("path=a,vf=1,shared", 2, "shared")]
    [InlineData("path=a,id=a/b", 2, "id=a/b")]
    [InlineData("path=a,colour=red", 2, "colour")]
    public void Parse_OfWhatIsWrong_QuotesIt(string value, int virtualFunctions, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<FormatException>(() => ServedDiskOption.Parse(value, virtualFunctions)).Message, StringComparison.Ordinal);
}
