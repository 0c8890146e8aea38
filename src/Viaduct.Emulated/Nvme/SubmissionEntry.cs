using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// A command as it stands in a submission queue (NVMe 1.4, 4.2): 64 bytes, read from guest memory once and judged from
/// this copy only.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct SubmissionEntry
{
    /// <summary>Bytes an entry takes; log2 of it is what CC.IOSQES must say.</summary>
    internal const int Size = 64;

    private readonly uint _dword0;
    private readonly uint _namespaceId;
    private readonly ulong _reserved;
    private readonly ulong _metadata;
    private readonly ulong _data1;
    private readonly ulong _data2;
    private readonly uint _dword10;
    private readonly uint _dword11;
    private readonly uint _dword12;
    private readonly uint _dword13;
    private readonly uint _dword14;
    private readonly uint _dword15;

    internal byte Opcode => (byte)_dword0;

    /// <summary>Part of a fused operation; zero is none.</summary>
    internal uint Fuse => (_dword0 >> 8) & 3;

    /// <summary>PRP or SGL for Data Transfer: how <see cref="Data1"/> and <see cref="Data2"/> are read.</summary>
    internal uint DataForm => (_dword0 >> 14) & 3;

    internal ushort CommandId => (ushort)(_dword0 >> 16);

    internal uint NamespaceId => _namespaceId;

    /// <summary>PRP entry 1, or the address of the first SGL descriptor.</summary>
    internal ulong Data1 => _data1;

    /// <summary>PRP entry 2, or length and type of the first SGL descriptor.</summary>
    internal ulong Data2 => _data2;

    internal uint Dword10 => _dword10;

    internal uint Dword11 => _dword11;

    internal uint Dword12 => _dword12;

    internal uint Dword13 => _dword13;

    internal uint Dword14 => _dword14;

    internal uint Dword15 => _dword15;

    /// <summary>Starting LBA of an I/O command.</summary>
    internal ulong StartingBlock => _dword10 | ((ulong)_dword11 << 32);

    /// <summary>Number of Logical Blocks of an I/O command; the field counts from zero.</summary>
    internal uint Blocks => (_dword12 & 0xFFFF) + 1;
}
