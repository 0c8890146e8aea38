using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Network.Switch;

/// <summary>A frame on its way through a switch: its addresses and VLAN, and how it leaves with a tag or without. A tag may name no VLAN, only a priority.</summary>
internal readonly ref struct SwitchFrame
{
    private const int Addresses = 2 * MacAddress.Length;

    private readonly int _length;
    private readonly bool _tagged;
    private readonly bool _named;
    private readonly ushort _priority;

    private SwitchFrame(ReadOnlySpan<byte> frame, int vlan, bool tagged, bool named, ushort priority)
    {
        _length = frame.Length;
        _tagged = tagged;
        _named = named;
        _priority = priority;
        Vlan = vlan;
        Destination = MacAddress.Read(frame);
        Source = MacAddress.Read(frame[MacAddress.Length..]);
    }

    internal int Vlan { get; }

    internal MacAddress Destination { get; }

    internal MacAddress Source { get; }

    /// <summary>Finds out to which VLAN a frame that came in belongs (802.1Q, 8.6.1 and 8.6.2).</summary>
    /// <returns>False when the port doesn't carry it, or it is none.</returns>
    internal static bool TryMake(ReadOnlySpan<byte> frame, VlanMembership port, out SwitchFrame result)
    {
        result = default;
        if (frame.Length is < FrameLimits.EthernetHeader or > FrameLimits.MaximumLength)
        {
            return false;
        }

        bool tagged = frame.Length >= FrameLimits.EthernetHeader + FrameLimits.VlanTag
            && BinaryPrimitives.ReadUInt16BigEndian(frame[Addresses..]) == IpHeader.EtherTypeVlan;
        ushort tag = tagged ? BinaryPrimitives.ReadUInt16BigEndian(frame[(Addresses + 2)..]) : (ushort)0;
        int named = tag & 0xFFF;
        bool mayName = !port.IsAccess || named == 0;
        int vlan = named != 0 ? named : port.Untagged;
        if (!mayName || vlan is 0 or > VlanMembership.MaximumVlan || !port.Carries(vlan))
        {
            return false;
        }

        result = new SwitchFrame(frame, vlan, tagged, named != 0, (ushort)(tag & ~0xFFF));
        return true;
    }

    /// <summary>The frame as it leaves by a port: the message's parts.</summary>
    /// <param name="buffer">The frame as it came, behind room for an offload header, and behind it room for another and a tag.</param>
    /// <param name="scratch">Room for <see cref="OffloadHeader.Length"/> and <see cref="FrameLimits.VlanTag"/> bytes.</param>
    /// <param name="untagged">The VLAN that has no tag at the port.</param>
    /// <param name="parts">Four.</param>
    /// <returns>How many parts are used.</returns>
    internal int Parts(FrameBuffer buffer, FrameBuffer scratch, int untagged, Span<HostSegment> parts)
    {
        bool tag = Vlan != untagged;
        int all = OffloadHeader.Length + _length;
        if (tag == _tagged && (!tag || _named))
        {
            parts[0] = buffer.Segment(0, all);
            return 1;
        }

        int change = (tag ? FrameLimits.VlanTag : 0) - (_tagged ? FrameLimits.VlanTag : 0);
        OffloadHeader header = MemoryMarshal.Read<OffloadHeader>(buffer.Span);
        if ((header.Flags & OffloadFlags.NeedsChecksum) != 0)
        {
            header.ChecksumStart = (ushort)(header.ChecksumStart + change);
        }

        header.HeaderLength = header.HeaderLength == 0 ? (ushort)0 : (ushort)(header.HeaderLength + change);
        MemoryMarshal.Write(scratch.Span, header);
        BinaryPrimitives.WriteUInt16BigEndian(scratch.Span[OffloadHeader.Length..], IpHeader.EtherTypeVlan);
        BinaryPrimitives.WriteUInt16BigEndian(scratch.Span[(OffloadHeader.Length + 2)..], (ushort)(_priority | Vlan));
        int rest = OffloadHeader.Length + Addresses + (_tagged ? FrameLimits.VlanTag : 0);
        int count = 0;
        parts[count++] = scratch.Segment(0, OffloadHeader.Length);
        parts[count++] = buffer.Segment(OffloadHeader.Length, Addresses);
        if (tag)
        {
            parts[count++] = scratch.Segment(OffloadHeader.Length, FrameLimits.VlanTag);
        }

        parts[count++] = buffer.Segment(rest, all - rest);
        return count;
    }
}
