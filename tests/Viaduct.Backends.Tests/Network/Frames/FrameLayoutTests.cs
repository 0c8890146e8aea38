using FsCheck;
using FsCheck.Fluent;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Frames;

public sealed class FrameLayoutTests
{
    [Theory]
    [InlineData(4, 0)]
    [InlineData(4, 2)]
    [InlineData(6, 1)]
    public void TryParse_TcpBehindTags_FindsEachHeader(int version, int tags)
    {
        Assert.True(FrameLayout.TryParse(FrameMaker.Tcp(version, [1], tags: tags), out FrameLayout layout));
        Assert.Equal(version, layout.IpVersion);
        Assert.Equal(14 + (4 * tags), layout.NetworkOffset);
        Assert.Equal(FrameMaker.TransportOffset(version, tags), layout.TransportOffset);
        Assert.Equal(IpHeader.Tcp, layout.Protocol);
        Assert.Equal(tags == 0 ? null : (ushort?)10, layout.VlanTag);
    }

    [Fact]
    public void TryParse_ExtensionHeaders_AreFollowedToTheTransport()
    {
        byte[] plain = FrameMaker.Udp(6, [1, 2]);
        byte[] frame = [.. plain[..54], 60, 0, 1, 4, 0, 0, 0, 0, 17, 1, .. new byte[14], .. plain[54..]];
        frame[20] = 0;
        Assert.True(FrameLayout.TryParse(frame, out FrameLayout layout));
        Assert.Equal(IpHeader.Udp, layout.Protocol);
        Assert.Equal(54 + 24, layout.TransportOffset);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void TryParse_Fragment_HasNoTransport(int version)
    {
        byte[] frame = FrameMaker.Udp(version, new byte[20]);
        if (version == 4)
        {
            frame[14 + 7] = 1;
        }
        else
        {
            frame[14 + 6] = 44;
        }

        Assert.True(FrameLayout.TryParse(frame, out FrameLayout layout));
        Assert.True(layout.IsFragment);
        Assert.Equal(0, layout.TransportOffset);
    }

    [Fact]
    public void TryParse_AnyBytes_StaysInside() => Prop.ForAll<byte[], bool>((bytes, v4) =>
    {
        byte[] frame = [.. new byte[12], .. v4 ? "\b\0"u8 : [0x86, 0xDD], (byte)(v4 ? 0x45 : 0x60), .. bytes];
        return FrameLayout.TryParse(frame, out FrameLayout layout) && layout.TransportOffset <= frame.Length;
    }).QuickCheckThrowOnFailure();
}
