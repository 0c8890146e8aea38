using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Offloads;

public sealed class FrameSegmenterTests
{
    private const byte Fin = 0x01;
    private const byte Push = 0x08;
    private const byte Acknowledge = 0x10;
    private const byte Cwr = 0x80;

    private static readonly Arbitrary<int> _length = Gen.Choose(1, 65000).ToArbitrary();
    private static readonly Arbitrary<int> _size = Gen.Frequency((1, Gen.Choose(64, 1460)), (1, Gen.Choose(1460, 60000))).ToArbitrary();
    private static readonly Arbitrary<int> _version = Gen.Elements(4, 6).ToArbitrary();

    [Fact]
    public void Tcp_AnySizes_GivesRightFramesThatMakeUpTheOriginal() => Prop.ForAll(_length, _size, _version, (length, segment, version) =>
    {
        byte[] payload = Bytes(length);
        byte[] frame = FrameMaker.Tcp(version, payload, Fin | Push | Acknowledge | Cwr, tags: length % 3);
        List<byte[]> pieces = Cut(frame, FrameMaker.Offload(version, version == 6 ? GsoType.Tcp6 : GsoType.Tcp4, segment, 0, tcp: true, length % 3));
        int transport = FrameMaker.TransportOffset(version, length % 3);
        int headers = transport + 32;
        for (int i = 0; i < pieces.Count; i++)
        {
            byte[] piece = pieces[i];
            bool last = i == pieces.Count - 1;
            Assert.True(last || piece.Length == headers + segment);
            Assert.True(PlainChecksum.IsRight(piece, 14 + (4 * (length % 3)), transport));
            Assert.Equal((uint)(FrameMaker.TcpSequence + (i * segment)), BinaryPrimitives.ReadUInt32BigEndian(piece.AsSpan(transport + 4)));
            Assert.Equal((last ? Fin | Push : 0) | Acknowledge | (i == 0 ? Cwr : 0), piece[transport + 13]);
            CheckNetwork(piece, version, 14 + (4 * (length % 3)), i);
        }

        return payload.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece[headers..]).ToArray());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Udp_AnySizes_GivesADatagramAPiece() => Prop.ForAll(_length, _size, _version, (length, segment, version) =>
    {
        byte[] payload = Bytes(length);
        List<byte[]> pieces = Cut(FrameMaker.Udp(version, payload), FrameMaker.Offload(version, GsoType.Udp, segment, 0, tcp: false));
        int transport = FrameMaker.TransportOffset(version);
        for (int i = 0; i < pieces.Count; i++)
        {
            Assert.True(PlainChecksum.IsRight(pieces[i], 14, transport));
            Assert.Equal(pieces[i].Length - transport, BinaryPrimitives.ReadUInt16BigEndian(pieces[i].AsSpan(transport + 4)));
            CheckNetwork(pieces[i], version, 14, i);
        }

        return payload.AsSpan().SequenceEqual(pieces.SelectMany(piece => piece[(transport + 8)..]).ToArray());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void TryBegin_AnythingFromAGuest_StaysInsideAndEnds() => Prop.ForAll<byte[], ushort, byte>((bytes, size, kind) =>
    {
        byte[] frame = [.. FrameMaker.Tcp(kind % 2 == 0 ? 4 : 6, [])[..(kind % 55)], .. bytes];
        OffloadHeader offload = new() { Flags = OffloadFlags.NeedsChecksum, Gso = (GsoType)(1 + (kind % 6)), SegmentSize = size };
        FrameSegmenter segmenter = new();
        int pieces = 0;
        if (segmenter.TryBegin(frame, offload))
        {
            while (segmenter.TryNext(frame, out _, out _))
            {
                pieces++;
            }
        }

        return pieces <= FrameSegmenter.MaximumSegments;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(GsoType.Tcp6, 1000)]
    [InlineData(GsoType.Udp, 1000)]
    [InlineData(GsoType.Tcp4, 0)]
    [InlineData(GsoType.Tcp4, 1)]
    public void TryBegin_HeaderThatDoesNotFit_Refuses(GsoType gso, int segment)
    {
        byte[] frame = FrameMaker.Tcp(4, Bytes(30000));
        Assert.False(new FrameSegmenter().TryBegin(frame, FrameMaker.Offload(4, gso, segment, 0, tcp: true)));
    }

    [Fact]
    public void TryBegin_DataOffsetPastTheFrame_Refuses()
    {
        byte[] frame = FrameMaker.Tcp(4, [1, 2], options: 0);
        frame[34 + 12] = 0xF0;
        Assert.False(new FrameSegmenter().TryBegin(frame, FrameMaker.Offload(4, GsoType.Tcp4, 1000, 0, tcp: true)));
    }

    private static void CheckNetwork(byte[] piece, int version, int network, int index)
    {
        if (version == 4)
        {
            Assert.Equal(piece.Length - network, BinaryPrimitives.ReadUInt16BigEndian(piece.AsSpan(network + 2)));
            Assert.Equal((ushort)(FrameMaker.Identification + index), BinaryPrimitives.ReadUInt16BigEndian(piece.AsSpan(network + 4)));
        }
        else
        {
            Assert.Equal(piece.Length - network - 40, BinaryPrimitives.ReadUInt16BigEndian(piece.AsSpan(network + 4)));
        }
    }

    private static List<byte[]> Cut(byte[] frame, OffloadHeader offload)
    {
        FrameSegmenter segmenter = new();
        Assert.True(segmenter.TryBegin(frame, offload));
        List<byte[]> pieces = [];
        while (segmenter.TryNext(frame, out ReadOnlySpan<byte> headers, out Range payload))
        {
            pieces.Add([.. headers, .. frame[payload]]);
        }

        return pieces;
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
