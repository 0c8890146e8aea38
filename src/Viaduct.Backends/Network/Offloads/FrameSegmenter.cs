using System.Buffers.Binary;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Backends.Network.Offloads;

/// <summary>
/// Cuts a large TCP segment or a run of UDP datagrams into frames as they are on the wire, with all their lengths,
/// numbers and checksums. One frame at a time: <see cref="TryBegin"/>, then <see cref="TryNext"/> until there is none.
/// </summary>
/// <remarks>The headers are copied once and checked in the copy; what the offload header says of their places is not relied on.</remarks>
public sealed class FrameSegmenter
{
    /// <summary>The most frames that one is cut into; more are refused, for a guest could have millions made at little cost.</summary>
    public const int MaximumSegments = 2048;

    /// <summary>The most bytes of headers.</summary>
    public const int MaximumHeaders = 256;

    private const byte Fin = 0x01;
    private const byte Push = 0x08;
    private const byte Cwr = 0x80;

    private readonly byte[] _original = new byte[MaximumHeaders];
    private readonly byte[] _headers = new byte[MaximumHeaders];
    private FrameLayout _layout;
    private int _headerLength;
    private int _frameLength;
    private int _segmentSize;
    private int _next;
    private int _index;

    /// <summary>Takes up a frame.</summary>
    /// <param name="frame">All of it.</param>
    /// <param name="offload">With a <see cref="OffloadHeader.Gso"/>.</param>
    /// <returns>False when the frame isn't what the header says, or would be cut into too many.</returns>
    public bool TryBegin(ReadOnlySpan<byte> frame, in OffloadHeader offload)
    {
        _next = _frameLength = 0;
        int copied = Math.Min(frame.Length, MaximumHeaders);
        frame[..copied].CopyTo(_original);
        ReadOnlySpan<byte> start = _original.AsSpan(0, copied);
        if (!FrameLayout.TryParse(start, out _layout) || !IsOf(offload.GsoProtocol))
        {
            return false;
        }

        _headerLength = _layout.TransportOffset + (_layout.Protocol == IpHeader.Tcp
            ? (start[_layout.TransportOffset + IpHeader.TcpDataOffset] >> 4) * 4
            : IpHeader.UdpLength);
        int payload = frame.Length - _headerLength;
        if ((_layout.Protocol == IpHeader.Tcp && _headerLength < _layout.TransportOffset + IpHeader.TcpLength)
            || _headerLength > copied
            || payload <= 0
            || offload.SegmentSize == 0
            || offload.SegmentSize + _headerLength - _layout.NetworkOffset > ushort.MaxValue
            || (payload - 1) / offload.SegmentSize >= MaximumSegments)
        {
            return false;
        }

        _segmentSize = offload.SegmentSize;
        _frameLength = frame.Length;
        _next = _headerLength;
        _index = 0;
        return true;
    }

    /// <summary>Makes the next frame: headers of its own, and a part of the original's payload.</summary>
    /// <param name="frame">The original, as it was given to <see cref="TryBegin"/>.</param>
    /// <param name="headers">The headers, until the next call.</param>
    /// <param name="payload">Where in the original the payload is.</param>
    /// <returns>False when all of it has been given.</returns>
    public bool TryNext(ReadOnlySpan<byte> frame, out ReadOnlySpan<byte> headers, out Range payload)
    {
        if (_next >= _frameLength)
        {
            headers = default;
            payload = default;
            return false;
        }

        int length = Math.Min(_segmentSize, _frameLength - _next);
        payload = _next..(_next + length);
        Span<byte> made = _headers.AsSpan(0, _headerLength);
        _original.AsSpan(0, _headerLength).CopyTo(made);
        FillNetwork(made[_layout.NetworkOffset.._layout.TransportOffset], _headerLength - _layout.NetworkOffset + length);
        FillTransport(made, frame[payload], last: _next + length == _frameLength);
        headers = made;
        _next += length;
        _index++;
        return true;
    }

    private bool IsOf(GsoType protocol) => _layout.TransportOffset != 0 && protocol switch
    {
        GsoType.Tcp4 => _layout.IpVersion == 4 && _layout.Protocol == IpHeader.Tcp,
        GsoType.Tcp6 => _layout.IpVersion == 6 && _layout.Protocol == IpHeader.Tcp,
        GsoType.Udp => _layout.Protocol == IpHeader.Udp,
        _ => false,
    };

    private void FillNetwork(Span<byte> header, int packetLength)
    {
        if (_layout.IpVersion == 6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[IpHeader.V6PayloadLength..], (ushort)(packetLength - IpHeader.V6Length));
            return;
        }

        Span<byte> identification = header[IpHeader.V4Identification..];
        BinaryPrimitives.WriteUInt16BigEndian(identification, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(identification) + _index));
        BinaryPrimitives.WriteUInt16BigEndian(header[IpHeader.V4TotalLength..], (ushort)packetLength);
        Span<byte> checksum = header.Slice(IpHeader.V4Checksum, sizeof(ushort));
        checksum.Clear();
        InternetChecksum.Store(checksum, InternetChecksum.Add(0, header));
    }

    private void FillTransport(Span<byte> headers, ReadOnlySpan<byte> payload, bool last)
    {
        Span<byte> transport = headers[_layout.TransportOffset..];
        int length = transport.Length + payload.Length;
        if (_layout.Protocol == IpHeader.Tcp)
        {
            FillTcp(transport, last);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(transport[IpHeader.UdpLengthField..], (ushort)length);
        }

        Span<byte> checksum = transport.Slice(_layout.ChecksumOffset, sizeof(ushort));
        checksum.Clear();
        ulong sum = InternetChecksum.PseudoHeader(headers, _layout, length);
        InternetChecksum.StoreNotZero(checksum, InternetChecksum.Add(InternetChecksum.Add(sum, transport), payload));
    }

    private void FillTcp(Span<byte> transport, bool last)
    {
        Span<byte> sequence = transport[IpHeader.TcpSequence..];
        uint first = BinaryPrimitives.ReadUInt32BigEndian(sequence);
        BinaryPrimitives.WriteUInt32BigEndian(sequence, first + (uint)(_index * _segmentSize));
        if (!last)
        {
            transport[IpHeader.TcpFlags] &= unchecked((byte)~(Fin | Push));
        }

        if (_index != 0)
        {
            transport[IpHeader.TcpFlags] &= unchecked((byte)~Cwr);
        }
    }
}
