using System.Buffers.Binary;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>Makes frames field by field, with no help from what is tested.</summary>
internal static class FrameMaker
{
    internal const int TcpSequence = 0x1234_5678;
    internal const ushort Identification = 0xFFF0;
    internal const ushort MorePush = 0x18;

    /// <summary>A TCP frame whose checksum field holds the pseudo-header's sum, as a guest leaves it.</summary>
    internal static byte[] Tcp(int version, byte[] payload, byte flags = 0x18, int options = 12, int tags = 0, int sourcePort = 40000)
    {
        byte[] transport = new byte[20 + options + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(transport, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(2), 80);
        BinaryPrimitives.WriteUInt32BigEndian(transport.AsSpan(4), TcpSequence);
        BinaryPrimitives.WriteUInt32BigEndian(transport.AsSpan(8), 0x9ABC_DEF0);
        transport[12] = (byte)((20 + options) / 4 << 4);
        transport[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(14), 501);
        transport.AsSpan(20, options).Fill(1);
        payload.CopyTo(transport, 20 + options);
        return Wrap(version, 6, transport, 16, tags);
    }

    /// <summary>A UDP frame, in the same way.</summary>
    internal static byte[] Udp(int version, byte[] payload, int tags = 0)
    {
        byte[] transport = new byte[8 + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(transport, 5000);
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(2), 5001);
        BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(4), (ushort)transport.Length);
        payload.CopyTo(transport, 8);
        return Wrap(version, 17, transport, 6, tags);
    }

    /// <summary>Where the transport's header begins.</summary>
    internal static int TransportOffset(int version, int tags = 0) => 14 + (4 * tags) + (version == 4 ? 20 : 40);

    internal static OffloadHeader Offload(int version, GsoType gso, int segmentSize, int headerLength, bool tcp, int tags = 0) => new()
    {
        Flags = OffloadFlags.NeedsChecksum,
        Gso = gso,
        SegmentSize = (ushort)segmentSize,
        HeaderLength = (ushort)headerLength,
        ChecksumStart = (ushort)TransportOffset(version, tags),
        ChecksumOffset = (ushort)(tcp ? 16 : 6),
    };

    private static byte[] Wrap(int version, byte protocol, byte[] transport, int checksum, int tags)
    {
        int network = 14 + (4 * tags);
        int offset = TransportOffset(version, tags);
        byte[] frame = new byte[offset + transport.Length];
        Convert.FromHexString("525400000001525400000002").CopyTo(frame, 0);
        for (int i = 0; i < tags; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12 + (4 * i)), 0x8100);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(14 + (4 * i)), (ushort)(10 + i));
        }

        Span<byte> packet = frame.AsSpan(network);
        if (version == 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(network - 2), 0x0800);
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], Identification);
            packet[8] = 64;
            packet[9] = protocol;
            new byte[] { 10, 0, 0, 1, 10, 0, 0, 2 }.CopyTo(packet[12..]);
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], (ushort)~PlainChecksum.Sum(packet[..20], 0));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(network - 2), 0x86DD);
            packet[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)transport.Length);
            packet[6] = protocol;
            packet[7] = 64;
            for (int i = 8; i < 40; i++)
            {
                packet[i] = (byte)(0xFD - i);
            }
        }

        transport.CopyTo(frame, offset);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(offset + checksum), PlainChecksum.PseudoHeader(frame, network, offset));
        return frame;
    }
}
