using FsCheck;
using FsCheck.Fluent;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class DiskOptionTests
{
    [Fact]
    public void Parse_PathAlone_IsAParavirtualDiskNamedByItsPlace()
    {
        DiskSpec disk = DiskOption.Parse("path=/images/a.img", 3);
        Assert.Equal(new DiskSpec { Id = "disk3", Path = "/images/a.img", Road = Road.Paravirtual }, disk);
    }

    [Fact]
    public void Parse_AllParts_AreTaken()
    {
        DiskSpec disk = DiskOption.Parse("id=root,road=emulated,readonly,direct=on,format=raw,path=a", 0);
        Assert.Equal(new DiskSpec { Id = "root", Path = "a", Road = Road.Emulated, ReadOnly = true, Direct = true }, disk);
    }

    [Fact]
    public void Parse_VirtualFunctions_AreTaken()
    {
        DiskSpec disk = DiskOption.Parse("path=a,road=emulated,vfs=4,shared,id=d", 0);
        Assert.Equal(new DiskSpec { Id = "d", Path = "a", Road = Road.Emulated, VirtualFunctions = 4, Shared = true }, disk);
    }

    [Fact]
    public void Parse_FlagOff_IsOff() => Assert.False(DiskOption.Parse("path=a,readonly=off", 0).ReadOnly);

    [Theory]
    [InlineData("", "''")]
    [InlineData("road=emulated", "no path")]
    [InlineData("path=", "'path' needs a value")]
    [InlineData("path", "'path' needs a value")]
    [InlineData("path=a,", "an empty part")]
    [InlineData("path=a,path=b", "'path' stands twice")]
    [InlineData("path=a,road=highway", "'road=highway' is none of emulated, paravirtual")]
    [InlineData("path=a,format=vmdk", "'format=vmdk'")]
    [InlineData("path=a,readonly=maybe", "'readonly=maybe'")]
    [InlineData("path=a,road=emulated,vfs=128", "'vfs=128' is no number up to 127")]
    [InlineData("path=a,road=emulated,vfs=-1", "'vfs=-1'")]
    [InlineData("path=a,vfs=4", "'vfs=4' takes road=emulated")]
    [InlineData("path=a,road=emulated,shared", "'shared' takes vfs")]
    [InlineData("path=a,colour=red", "'colour' isn't known here")]
    [InlineData("path=a,id=a b", "'id=a b'")]
    [InlineData("path=a,id=012345678901234567890", "at most 20")]
    public void Parse_Mistake_IsQuoted(string value, string quoted) =>
        Assert.Contains(quoted, Assert.Throws<FormatException>(() => DiskOption.Parse(value, 0)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_AnyText_IsADiskOrAFormatException() =>
        Prop.ForAll<string?>(text =>
        {
            try
            {
                return DiskOption.Parse("path=a," + text, 0).Path == "a";
            }
            catch (FormatException)
            {
                return true;
            }
        }).QuickCheckThrowOnFailure();
}
