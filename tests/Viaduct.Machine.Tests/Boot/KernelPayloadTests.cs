using FsCheck;
using FsCheck.Fluent;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Tests.Compression;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

public sealed class KernelPayloadTests
{
    public static TheoryData<string> Formats() => [.. PackedPayload.Formats];

    [Theory]
    [MemberData(nameof(Formats))]
    public void TryUnpack_Packed_GivesBackWhatWasPacked(string format) =>
        Assert.Equal(XzSample.Bytes, KernelPayload.TryUnpack(PackedPayload.Pack(format, XzSample.Bytes)));

    [Fact]
    public void TryUnpack_Xz_GivesBackWhatWasPacked() => Assert.Equal(XzSample.Bytes, KernelPayload.TryUnpack(PackedPayload.Xz()));

    [Fact]
    public void TryUnpack_Lz4OfSeveralBlocks_JoinsThem()
    {
        byte[] kernel = new byte[(8 << 20) + 5000];
        new Random(1).NextBytes(kernel.AsSpan((8 << 20) - 100, 200));
        Assert.Equal(kernel, KernelPayload.TryUnpack(PackedPayload.Pack("lz4", kernel)));
    }

    [Fact]
    public void TryUnpack_PlainElf_IsTaken()
    {
        byte[] elf = new ElfFile().Build();
        Assert.Equal(elf, KernelPayload.TryUnpack(elf));
    }

    [Fact]
    public void TryUnpack_UnknownFormat_IsLeftToTheKernel()
    {
        Assert.Null(KernelPayload.TryUnpack("BZh91AY&SY, which Linux can be packed with, too"u8));
        Assert.Null(KernelPayload.TryUnpack([]));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void TryUnpack_LengthThatIsNot_IsRefused(string format)
    {
        byte[] payload = PackedPayload.Pack(format, XzSample.Bytes);
        byte[] body = payload[..^4];
        Assert.Throws<InvalidDataException>(() => KernelPayload.TryUnpack(PackedPayload.WithLength(body, XzSample.Bytes.Length + 1)));
        Assert.Throws<InvalidDataException>(() => KernelPayload.TryUnpack(PackedPayload.WithLength(body, 0)));
        Assert.Throws<InvalidDataException>(() => KernelPayload.TryUnpack(PackedPayload.WithLength(body, -1)));
    }

    [Fact]
    public void TryUnpack_AnyBytesChanged_IsUnpackedOrRefused()
    {
        byte[][] payloads = [.. PackedPayload.Formats.Select(format => PackedPayload.Pack(format, XzSample.Bytes)), PackedPayload.Xz()];
        var changes =
            from which in Gen.Choose(0, payloads.Length - 1)
            from cut in Gen.Choose(0, payloads[which].Length - 1)
            from whole in Gen.Elements(true, false)
            from places in Gen.Choose(0, Math.Min(payloads[which].Length - 1, 400)).ListOf(6)
            from values in Gen.Choose(0, 255).ListOf(6)
            select (which, length: whole ? payloads[which].Length : cut, places, values);
        Prop.ForAll(changes.ToArbitrary(), change =>
        {
            byte[] broken = payloads[change.which][..change.length];
            foreach ((int place, int value) in change.places.Zip(change.values))
            {
                if (place < broken.Length)
                {
                    broken[place] = (byte)value;
                }
            }

            try
            {
                // The last four bytes say how much is allocated; what they are was tested above.
                _ = KernelPayload.TryUnpack(broken.Length < 4 ? broken : PackedPayload.WithLength(broken[..^4], XzSample.Bytes.Length));
            }
            catch (InvalidDataException)
            {
                // What it should be.
            }
        }).QuickCheckThrowOnFailure();
    }
}
