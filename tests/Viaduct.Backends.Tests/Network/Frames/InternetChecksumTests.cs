using FsCheck;
using FsCheck.Fluent;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Frames;

public sealed class InternetChecksumTests
{
    [Fact]
    public void Add_AnyBytesInAnyTwoParts_IsThePlainSum() => Prop.ForAll<byte[], byte>((bytes, cut) =>
    {
        int even = bytes.Length == 0 ? 0 : cut % bytes.Length & ~1;
        ulong sum = InternetChecksum.Add(InternetChecksum.Add(0, bytes.AsSpan(0, even)), bytes.AsSpan(even));
        byte[] stored = new byte[2];
        InternetChecksum.Store(stored, sum);
        return ((stored[0] << 8) | stored[1]) == (ushort)~PlainChecksum.Sum(bytes, 0);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Add_OnlyOnes_CarriesRightTo64KiB()
    {
        byte[] bytes = new byte[65536];
        bytes.AsSpan().Fill(0xFF);
        Assert.Equal(0xFFFF, InternetChecksum.Fold(InternetChecksum.Add(ulong.MaxValue, bytes)));
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(6, true)]
    [InlineData(4, false)]
    [InlineData(6, false)]
    public void Complete_PartialChecksum_MakesItRight(int version, bool tcp)
    {
        byte[] frame = tcp ? FrameMaker.Tcp(version, [1, 2, 3]) : FrameMaker.Udp(version, [1, 2, 3]);
        InternetChecksum.Complete(frame, FrameMaker.Offload(version, GsoType.None, 0, 0, tcp));
        Assert.True(PlainChecksum.IsRight(frame, 14, FrameMaker.TransportOffset(version)));
    }

    [Fact]
    public void Complete_SumIsZero_StoresAllOnes()
    {
        byte[] frame = new byte[20];
        frame[14] = frame[15] = 0xFF;
        InternetChecksum.Complete(frame, new OffloadHeader { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 14, ChecksumOffset = 4 });
        Assert.Equal([0xFF, 0xFF], frame[18..]);
    }
}
