using Viaduct.Machine.Acpi;
using Xunit;

namespace Viaduct.Machine.Tests.Acpi;

/// <summary>Descriptors against ACPI 6.5, 6.4, byte by byte.</summary>
public sealed class AmlResourceTests
{
    [Fact]
    public void SmallDescriptors_AreThoseOfTheSpecification()
    {
        AssertBytes("4701F803F8030108", AmlResource.Io(0x3F8, 8));
        AssertBytes("221000", AmlResource.IrqNoFlags(4));
        AssertBytes("220001", AmlResource.IrqNoFlags(8));
    }

    [Fact]
    public void LargeDescriptors_AreThoseOfTheSpecification()
    {
        AssertBytes("86090001000000E000000010", AmlResource.Memory32Fixed(0xE000_0000, 0x1000_0000));
        AssertBytes("8906000F0110000000", AmlResource.Interrupt(16, edge: true, activeLow: true, shared: true));
        AssertBytes("890600010110000000", AmlResource.Interrupt(16, edge: false, activeLow: false, shared: false));
        AssertBytes("880D00020C0000000000FF0000000001", AmlResource.WordBusNumber(0, 255));
        AssertBytes("880D00010C0300000000F70C0000F80C", AmlResource.WordIo(0, 0xCF7));
        AssertBytes("871700010C030000000000000100FFFF01000000000000000100", AmlResource.DWordIo(0x1_0000, 0x1_FFFF));
        AssertBytes("871700000C0100000000000000C0FFFFFFDF0000000000000020", AmlResource.DWordMemory(0xC000_0000, 0xDFFF_FFFF));
        AssertBytes(
            "8A2B00000C0100000000000000000000000010000000FFFFFFFF1F00000000000000000000000000000010000000",
            AmlResource.QWordMemory(0x10_0000_0000, 0x1F_FFFF_FFFF));
        Assert.Equal(0x0D, AmlResource.QWordMemoryConsumed(0, 0xFFF).Bytes[4]);
    }

    [Fact]
    public void Template_EndsWithAnEndTag() =>
        Assert.Equal("11080A052210007900", Convert.ToHexString(Aml.ResourceTemplate(AmlResource.IrqNoFlags(4)).Bytes));

    [Fact]
    public void Ranges_ThatDontFitTheirDescriptor_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => AmlResource.WordIo(0, 0xFFFF));
        Assert.Throws<ArgumentOutOfRangeException>(() => AmlResource.DWordMemory(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => AmlResource.IrqNoFlags(16));
        Assert.Throws<OverflowException>(() => AmlResource.QWordMemory(0, ulong.MaxValue));
    }

    private static void AssertBytes(string expected, AmlResource resource) => Assert.Equal(expected, Convert.ToHexString(resource.Bytes));
}
