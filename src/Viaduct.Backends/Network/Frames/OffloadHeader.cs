using System.Runtime.InteropServices;

namespace Viaduct.Backends.Network.Frames;

/// <summary>
/// What is left to do with a frame, as <c>struct virtio_net_hdr</c> says it (virtio 1.2, 5.1.6), little endian, of which
/// the kernel's tap takes the same. Where it comes from a guest or another process, nothing of it is true before
/// <see cref="FitsIn"/> has said so.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct OffloadHeader
{
    /// <summary>Bytes.</summary>
    public const int Length = 10;

    /// <summary>The checksum is to be completed, see <see cref="ChecksumStart"/>; or is known to be right.</summary>
    public OffloadFlags Flags;

    /// <summary>Whether and as what the frame is to be cut.</summary>
    public GsoType Gso;

    /// <summary>Bytes of all headers, a hint; zero where nobody knows.</summary>
    public ushort HeaderLength;

    /// <summary>Payload bytes of each frame that it is to be cut into.</summary>
    public ushort SegmentSize;

    /// <summary>The first byte that the checksum covers; it covers all from there.</summary>
    public ushort ChecksumStart;

    /// <summary>The checksum's place, from <see cref="ChecksumStart"/> on; it holds the sum of the pseudo-header.</summary>
    public ushort ChecksumOffset;

    /// <summary>Whether nothing is left to do.</summary>
    public readonly bool IsComplete => (Flags & OffloadFlags.NeedsChecksum) == 0 && Gso == GsoType.None;

    /// <summary>The protocol of <see cref="Gso"/>, without the mark for congestion notification.</summary>
    public readonly GsoType GsoProtocol => Gso & ~GsoType.Ecn;

    /// <summary>What the receiver must take for it, if it isn't to be worked on before.</summary>
    public readonly NetworkOffloads Needs
    {
        get
        {
            NetworkOffloads needs = (Flags & OffloadFlags.NeedsChecksum) != 0 ? NetworkOffloads.Checksum : NetworkOffloads.None;
            needs |= GsoProtocol switch
            {
                GsoType.Tcp4 => NetworkOffloads.Tso4 | NetworkOffloads.Checksum,
                GsoType.Tcp6 => NetworkOffloads.Tso6 | NetworkOffloads.Checksum,

                // The version of IP is not in the header: who takes one takes both, or has it cut.
                GsoType.Udp => NetworkOffloads.Uso4 | NetworkOffloads.Uso6 | NetworkOffloads.Checksum,
                _ => NetworkOffloads.None,
            };
            return (Gso & GsoType.Ecn) != 0 ? needs | NetworkOffloads.TsoEcn : needs;
        }
    }

    /// <summary>Whether the places it names are in a frame, and the ways to cut it are known ones.</summary>
    /// <param name="frameLength">The frame's bytes.</param>
    public readonly bool FitsIn(int frameLength)
    {
        if ((Flags & OffloadFlags.NeedsChecksum) != 0 && ChecksumStart + ChecksumOffset + sizeof(ushort) > frameLength)
        {
            return false;
        }

        return Gso == GsoType.None
            || (GsoProtocol is GsoType.Tcp4 or GsoType.Tcp6 or GsoType.Udp
                && SegmentSize != 0
                && HeaderLength <= frameLength
                && (Flags & OffloadFlags.NeedsChecksum) != 0);
    }
}
