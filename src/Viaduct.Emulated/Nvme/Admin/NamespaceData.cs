using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Identify Namespace data (NVMe 1.4, figure 245): 4096 bytes; what isn't named is zero: not there, or nothing to report.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct NamespaceData
{
    /// <summary>Bytes.</summary>
    internal const int Size = 4096;

    internal const int NguidBytes = 16;
    internal const int EuiBytes = 8;
    internal const int FormatsAtMost = 16;

    /// <summary>NSZE, blocks.</summary>
    [FieldOffset(0)]
    internal ulong Blocks;

    /// <summary>NCAP.</summary>
    [FieldOffset(8)]
    internal ulong Capacity;

    /// <summary>NUSE.</summary>
    [FieldOffset(16)]
    internal ulong Utilization;

    /// <summary>NSFEAT.</summary>
    [FieldOffset(24)]
    internal byte Features;

    /// <summary>NLBAF, from zero.</summary>
    [FieldOffset(25)]
    internal byte Formats;

    /// <summary>FLBAS.</summary>
    [FieldOffset(26)]
    internal byte CurrentFormat;

    /// <summary>NMIC: bit 0 says that several controllers can have it.</summary>
    [FieldOffset(30)]
    internal byte Multipath;

    /// <summary>RESCAP.</summary>
    [FieldOffset(31)]
    internal byte ReservationCapabilities;

    /// <summary>FPI: that it is reported (7), and the percentage still to do.</summary>
    [FieldOffset(32)]
    internal byte FormatProgress;

    /// <summary>DLFEAT.</summary>
    [FieldOffset(33)]
    internal byte DeallocateFeatures;

    /// <summary>NVMCAP, bytes; 16 bytes in the specification.</summary>
    [FieldOffset(48)]
    internal ulong CapacityBytes;

    /// <summary>NPWG, NPWA, NPDG, NPDA and NOWS: blocks, from zero.</summary>
    [FieldOffset(64)]
    internal ushort WriteGranularity;

    [FieldOffset(66)]
    internal ushort WriteAlignment;

    [FieldOffset(68)]
    internal ushort DeallocateGranularity;

    [FieldOffset(70)]
    internal ushort DeallocateAlignment;

    [FieldOffset(72)]
    internal ushort OptimalWriteSize;

    /// <summary>NSATTR: bit 0 is write protected.</summary>
    [FieldOffset(99)]
    internal byte Attributes;

    /// <summary>NGUID, big endian.</summary>
    [FieldOffset(104)]
    internal fixed byte Nguid[NguidBytes];

    /// <summary>EUI64, big endian.</summary>
    [FieldOffset(120)]
    internal fixed byte Eui64[EuiBytes];

    /// <summary>LBAF: log2 of the block in bits 23:16.</summary>
    [FieldOffset(128)]
    internal fixed uint BlockFormats[FormatsAtMost];
}
