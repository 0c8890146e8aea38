using System.Text;
using Viaduct.Cli.Guests;

namespace Viaduct.Cli.Tests.Guests;

public sealed class GuestMarkTests
{
    [Theory]
    [InlineData("@viaduct begin vda write")]
    [InlineData("[   12.3] a message without its end @viaduct begin vda write")]
    public void TryParse_Mark_GivesItsWords(string line)
    {
        GuestMark? mark = GuestMark.TryParse(line);
        Assert.Equal("begin", mark?.Verb);
        Assert.Equal(["vda", "write"], mark!.Words);
        Assert.Equal("", mark.Word(2));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@viaduct")]
    [InlineData("@viaduct  ")]
    [InlineData("viaduct begin")]
    public void TryParse_OtherLine_IsNone(string line) => Assert.Null(GuestMark.TryParse(line));

    [Fact]
    public void GuestConsole_BytesInAnyPieces_GivesLines()
    {
        List<string> lines = [];
        GuestConsole console = new(lines.Add);
        foreach (byte value in Encoding.UTF8.GetBytes("first\r\nsecond\nthi"))
        {
            console.Write([value]);
        }

        Assert.Equal(["first", "second"], lines);
        console.Write("rd\n"u8);
        Assert.Equal("first\nsecond\nthird", console.Tail());
    }

    [Fact]
    public void GuestConsole_EndlessLine_IsHeldToALength()
    {
        List<string> lines = [];
        GuestConsole console = new(lines.Add);
        for (int i = 0; i < 100; i++)
        {
            console.Write(Encoding.ASCII.GetBytes(new string('x', 1000)));
        }

        console.Write("\n"u8);
        Assert.Equal(1024, Assert.Single(lines).Length);
    }
}
