using System.Buffers.Binary;

namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>The Internet's checksum as RFC 1071 describes it, a 16-bit word at a time: what the fast one is held to.</summary>
internal static class PlainChecksum
{
    internal static ushort Sum(ReadOnlySpan<byte> bytes, uint start)
    {
        uint sum = start;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }

    /// <summary>The sum of a packet's pseudo-header.</summary>
    internal static ushort PseudoHeader(ReadOnlySpan<byte> frame, int network, int transport)
    {
        bool v4 = frame[network] >> 4 == 4;
        ReadOnlySpan<byte> addresses = v4 ? frame.Slice(network + 12, 8) : frame.Slice(network + 8, 32);
        Span<byte> rest = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(rest, frame.Length - transport);
        BinaryPrimitives.WriteInt32BigEndian(rest[4..], v4 ? frame[network + 9] : frame[network + 6]);
        return Sum(rest, Sum(addresses, 0));
    }

    /// <summary>Whether a complete frame's transport checksum, and its IPv4 header's, are right.</summary>
    internal static bool IsRight(ReadOnlySpan<byte> frame, int network, int transport)
    {
        bool header = frame[network] >> 4 == 6 || Sum(frame[network..transport], 0) == 0xFFFF;
        return header && Sum(frame[transport..], PseudoHeader(frame, network, transport)) == 0xFFFF;
    }
}
