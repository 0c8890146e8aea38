using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Block;

/// <summary>The device-specific configuration (virtio 1.2, 5.2.4), up to write zeroes.</summary>
[StructLayout(LayoutKind.Explicit, Size = Length)]
internal struct BlockConfig
{
    internal const int Length = 60;
    internal const int WriteCacheOffset = 32;

    /// <summary>Sectors of 512 bytes.</summary>
    [FieldOffset(0)]
    internal ulong Capacity;

    /// <summary>Bytes.</summary>
    [FieldOffset(8)]
    internal uint SizeMax;

    [FieldOffset(12)]
    internal uint SegMax;

    /// <summary>Bytes.</summary>
    [FieldOffset(20)]
    internal uint BlockSize;

    /// <summary>Physical blocks are 1 &lt;&lt; this many logical ones.</summary>
    [FieldOffset(24)]
    internal byte PhysicalBlockExponent;

    [FieldOffset(25)]
    internal byte AlignmentOffset;

    /// <summary>Logical blocks.</summary>
    [FieldOffset(26)]
    internal ushort MinimumIo;

    /// <summary>Logical blocks.</summary>
    [FieldOffset(28)]
    internal uint OptimalIo;

    /// <summary>1: writes are durable after a flush; 0: when they complete.</summary>
    [FieldOffset(WriteCacheOffset)]
    internal byte WriteCache;

    [FieldOffset(34)]
    internal ushort Queues;

    [FieldOffset(36)]
    internal uint MaxDiscardSectors;

    [FieldOffset(40)]
    internal uint MaxDiscardRanges;

    /// <summary>Sectors.</summary>
    [FieldOffset(44)]
    internal uint DiscardAlignment;

    [FieldOffset(48)]
    internal uint MaxWriteZeroesSectors;

    [FieldOffset(52)]
    internal uint MaxWriteZeroesRanges;

    [FieldOffset(56)]
    internal byte WriteZeroesMayUnmap;
}
