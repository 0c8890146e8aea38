using FsCheck;
using FsCheck.Fluent;
using Viaduct.Machine.Compression;
using Xunit;

namespace Viaduct.Machine.Tests.Compression;

public sealed class XzFileTests
{
    private const int Limit = 16 << 20;

    [Fact]
    public void Unpack_BlocksBehindTheX86Filter_GivesWhatXzWasGiven() =>
        Assert.Equal(XzSample.Bytes, XzFile.Unpack(XzSample.Read(XzSample.Branches), Limit));

    [Fact]
    public void Unpack_SeveralChunksWithoutCheck_GivesWhatXzWasGiven() =>
        Assert.Equal([.. new byte[3 << 20], .. XzSample.Bytes[..600]], XzFile.Unpack(XzSample.Read(XzSample.Plain), Limit));

    [Fact]
    public void Unpack_MoreThanTheLimit_SaysSo()
    {
        byte[] file = XzSample.Read(XzSample.Plain);
        _ = XzFile.Unpack(file, (3 << 20) + 600);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => XzFile.Unpack(file, (3 << 20) + 599));
        Assert.Contains("more than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unpack_CheckThatLinuxDoesNotKnow_NamesItsType()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => XzFile.Unpack(XzSample.Read(XzSample.OtherCheck), Limit));
        Assert.Contains("type 4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unpack_CutAnywhereBeforeTheIndex_SaysSo()
    {
        byte[] file = XzSample.Read(XzSample.Branches);
        Prop.ForAll(Gen.Choose(0, file.Length - 64).ToArbitrary(), length =>
            Assert.Throws<InvalidDataException>(() => XzFile.Unpack(file.AsSpan(0, length), Limit)))
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Unpack_OneBitOtherwise_IsFoundOrDoesNotMatter()
    {
        byte[] file = XzSample.Read(XzSample.Branches);
        Prop.ForAll(Gen.Choose(0, (file.Length * 8) - 1).ToArbitrary(), bit =>
        {
            byte[] broken = [.. file];
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            byte[]? unpacked = null;
            try
            {
                unpacked = XzFile.Unpack(broken, Limit);
            }
            catch (InvalidDataException)
            {
                return;
            }

            Assert.Equal(XzSample.Bytes, unpacked);
        }).QuickCheckThrowOnFailure();
    }
}
