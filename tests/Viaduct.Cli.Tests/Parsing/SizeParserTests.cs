using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Cli.Parsing;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class SizeParserTests
{
    [Theory]
    [InlineData("1", 1UL)]
    [InlineData("4096", 4096UL)]
    [InlineData("1k", 1UL << 10)]
    [InlineData("512M", 512UL << 20)]
    [InlineData("8G", 8UL << 30)]
    [InlineData("1T", 1UL << 40)]
    [InlineData("16777215T", 16777215UL << 40)]
    public void TryParse_Size_GivesItsBytes(string text, ulong expected)
    {
        Assert.True(SizeParser.TryParse(text, out ulong bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("M")]
    [InlineData("-1M")]
    [InlineData("1.5G")]
    [InlineData("512MB")]
    [InlineData(" 512M")]
    [InlineData("16777216T")]
    [InlineData("18446744073709551616")]
    [InlineData("many")]
    public void TryParse_NoSize_IsRefused(string text) => Assert.False(SizeParser.TryParse(text, out _));

    [Fact]
    public void TryParse_WholeNumberOfMebibytes_IsThatMany() =>
        Prop.ForAll<uint>(number =>
            number == 0 || (SizeParser.TryParse(number.ToString(CultureInfo.InvariantCulture) + "M", out ulong bytes) && bytes == (ulong)number << 20))
            .QuickCheckThrowOnFailure();
}
