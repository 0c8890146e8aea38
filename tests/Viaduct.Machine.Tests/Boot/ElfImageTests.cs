using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Machine.Boot;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

public sealed class ElfImageTests
{
    [Fact]
    public void ElfImage_SegmentsAndNote_AreKnown()
    {
        ElfImage image = new("k", new ElfFile { Entry = 0x123_4560 }
            .Segment(0x10_0000, new byte[100], memoryLength: 0x3000)
            .Segment(0x20_0000, new byte[8])
            .PvhEntry(0x10_0040)
            .Build());
        Assert.Equal(0x123_4560ul, image.Entry);
        Assert.Equal(0x10_0040ul, image.PvhEntry);
        Assert.Equal(0x20_0008ul, image.End);
    }

    [Fact]
    public void ElfImage_NoNote_HasNoPvhEntry() => Assert.Null(new ElfImage("k", new ElfFile().Segment(0, [1]).Build()).PvhEntry);

    [Theory]
    [InlineData(4, 1, "another processor")]
    [InlineData(4, 3, "little-endian")]
    [InlineData(5, 2, "little-endian")]
    [InlineData(18, 40, "another processor")]
    [InlineData(32, 0xF0, "outside the file")]
    [InlineData(57, 0xFF, "outside the file")]
    public void ElfImage_HeaderByteWrong_NamesFileAndFault(int offset, byte value, string expected)
    {
        byte[] elf = new ElfFile().Segment(0x10_0000, [1, 2, 3]).Build();
        elf[offset] = value;
        KernelImageException error = Assert.Throws<KernelImageException>(() => new ElfImage("dir/k", elf));
        Assert.StartsWith("dir/k: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 1UL << 40)]
    [InlineData(32, ulong.MaxValue)]
    [InlineData(24, ulong.MaxValue)]
    [InlineData(40, 2UL)]
    public void ElfImage_SegmentFieldWrong_IsRefused(int field, ulong value)
    {
        byte[] elf = new ElfFile().Segment(0x10_0000, [1, 2, 3]).Build();
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(ElfFile.HeaderLength + field), value);
        Assert.Contains("segment", Assert.Throws<KernelImageException>(() => new ElfImage("k", elf)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ElfImage_AnyBytesChanged_IsReadOrRefused()
    {
        byte[] right = new ElfFile().Segment(0x10_0000, new byte[64]).PvhEntry(0x10_0000).Build();
        var changes = Gen.Choose(0, right.Length - 1).Zip(Gen.Choose(0, 255)).ListOf(4).Zip(Gen.Choose(0, right.Length));
        Prop.ForAll(changes.ToArbitrary(), change =>
        {
            byte[] broken = [.. right];
            foreach ((int place, int value) in change.Item1)
            {
                broken[place] = (byte)value;
            }

            try
            {
                _ = new ElfImage("k", broken[..change.Item2]);
            }
            catch (KernelImageException)
            {
                // What it should be.
            }
        }).QuickCheckThrowOnFailure();
    }
}
