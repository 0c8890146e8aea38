using FsCheck;
using FsCheck.Fluent;
using Viaduct.Machine.Acpi;
using Xunit;

namespace Viaduct.Machine.Tests.Acpi;

public sealed class AmlTests
{
    [Theory]
    [InlineData(0ul, "00")]
    [InlineData(1ul, "01")]
    [InlineData(2ul, "0A02")]
    [InlineData(0xFFul, "0AFF")]
    [InlineData(0x100ul, "0B0001")]
    [InlineData(0xFFFFul, "0BFFFF")]
    [InlineData(0x1_0000ul, "0C00000100")]
    [InlineData(0xFFFF_FFFFul, "0CFFFFFFFF")]
    [InlineData(0x1_0000_0000ul, "0E0000000001000000")]
    [InlineData(ulong.MaxValue, "FF")]
    public void Integer_TakesItsShortestForm(ulong value, string expected) => AssertBytes(expected, Aml.Integer(value));

    [Theory]
    [InlineData("PNP0A03", "0C41D00A03")]
    [InlineData("PNP0A08", "0C41D00A08")]
    [InlineData("PNP0501", "0C41D00501")]
    [InlineData("PNP0C02", "0C41D00C02")]
    public void EisaId_IsCompressedBigEndian(string id, string expected) => AssertBytes(expected, Aml.EisaId(id));

    [Theory]
    [InlineData("pnp0A03")]
    [InlineData("PNP0A0")]
    [InlineData("PNP0G03")]
    [InlineData("PNP 1A3")]
    public void EisaId_OfAnotherShape_IsRefused(string id) => Assert.Throws<ArgumentException>(() => Aml.EisaId(id));

    [Theory]
    [InlineData("_HID", "5F484944")]
    [InlineData("_SB", "5F53425F")]
    [InlineData(@"\", "5C00")]
    [InlineData(@"\_SB", "5C5F53425F")]
    [InlineData("^^COM1", "5E5E434F4D31")]
    [InlineData(@"\_SB.PCI0", "5C2E5F53425F50434930")]
    [InlineData(@"\_SB.PCI0.S01", "5C2F035F53425F504349305330315F")]
    public void Reference_IsEncodedBySegments(string path, string expected) => AssertBytes(expected, Aml.Reference(path));

    [Theory]
    [InlineData("TOOLONG")]
    [InlineData("1ABC")]
    [InlineData("low")]
    [InlineData("A..B")]
    [InlineData("A.B.")]
    [InlineData("A B")]
    public void Reference_ThatIsNoName_IsRefused(string path) => Assert.Throws<ArgumentException>(() => Aml.Reference(path));

    [Fact]
    public void Data_AreEncodedAsTheSpecificationSays()
    {
        AssertBytes("0D616200", Aml.String("ab"));
        AssertBytes("11050A02ABCD", Aml.Buffer([0xAB, 0xCD]));
        AssertBytes("1205020A0500", Aml.Package(Aml.Integer(5), Aml.Integer(0)));
        AssertBytes("085F53355F0A05", Aml.Name("_S5", Aml.Integer(5)));
        AssertBytes("11130A105B4DDB33F71F1C4096577441C03DD766", Aml.Uuid(new Guid("33DB4D5B-1FF7-401C-9657-7441C03DD766")));
        Assert.Throws<ArgumentException>(() => Aml.String("ä"));
    }

    [Fact]
    public void Statements_AreEncodedAsTheSpecificationSays()
    {
        AmlTerm name = Aml.Reference("ABCD");
        AssertBytes("704142434460", Aml.Store(name, Aml.Local(0)));
        AssertBytes("7B690167", Aml.And(Aml.Argument(1), Aml.Integer(1), Aml.Local(7)));
        AssertBytes("7D6E0A0441424344", Aml.Or(Aml.Argument(6), Aml.Integer(4), name));
        AssertBytes("92936800", Aml.Not(Aml.Equal(Aml.Argument(0), Aml.Integer(0))));
        AssertBytes("A00468A401", Aml.If(Aml.Argument(0), Aml.Return(Aml.Integer(1))));
        AssertBytes("A103A400", Aml.Else(Aml.Return(Aml.Integer(0))));
        AssertBytes("8A6B0A0843445733", Aml.CreateDWordField(Aml.Argument(3), 8, "CDW3"));
        AssertBytes("14095F53544108A40A0F", Aml.Method("_STA", 0, Aml.Return(Aml.Integer(15))));
        AssertBytes("14065F4F53430C", Aml.Method("_OSC", 4));
        AssertBytes("5B820B434F4D31085F55494401", Aml.Device("COM1", Aml.Name("_UID", Aml.Integer(1))));
        AssertBytes("10065C5F53425F", Aml.Scope(@"\_SB"));
    }

    [Theory]
    [InlineData(0, "01")]
    [InlineData(62, "3F")]
    [InlineData(63, "4104")]
    [InlineData(4093, "4FFF")]
    [InlineData(4094, "810001")]
    [InlineData(1_048_572, "8FFFFF")]
    [InlineData(1_048_573, "C1000001")]
    public void PackageLength_GrowsWithTheBody(int bytes, string expected)
    {
        AmlTerm[] body = [.. Enumerable.Repeat(Aml.Integer(1), bytes)];
        ReadOnlySpan<byte> term = Aml.Else(body).Bytes;
        Assert.Equal("A1" + expected, Convert.ToHexString(term[..(1 + (expected.Length / 2))]));
        Assert.Equal(1 + (expected.Length / 2) + bytes, term.Length);
    }

    [Fact]
    public void Package_OfAnyIntegers_ReadsBackTheSame() => Prop.ForAll<ulong[]>(values =>
    {
        ulong[] few = [.. values.Take(255)];
        AmlTerm term = Aml.Name("ABCD", Aml.Package([.. few.Select(Aml.Integer)]));
        object[] read = (object[])AmlReader.Read(term.Bytes.ToArray())["ABCD"];
        Assert.Equal(few, read.Cast<ulong>());
    }).QuickCheckThrowOnFailure();

    private static void AssertBytes(string expected, AmlTerm term) => Assert.Equal(expected, Convert.ToHexString(term.Bytes));
}
