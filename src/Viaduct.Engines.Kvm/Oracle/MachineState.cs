using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>What user code sees of a processor: the FXSAVE64 image, the general registers in encoding order, and the flags.</summary>
[StructLayout(LayoutKind.Explicit, Size = 0x288)]
internal unsafe struct MachineState
{
    public const int RegistersOffset = 0x200;
    public const int FlagsOffset = 0x280;

    /// <summary>FCW, FSW, abridged FTW, FOP (Intel SDM vol. 1 table 10-2).</summary>
    [FieldOffset(0)]
    public ushort Fcw;

    [FieldOffset(2)]
    public ushort Fsw;

    [FieldOffset(4)]
    public byte Ftw;

    [FieldOffset(24)]
    public uint Mxcsr;

    /// <summary>ST0 to ST7, 16 bytes each, of which ten count.</summary>
    [FieldOffset(32)]
    public fixed byte St[128];

    /// <summary>XMM0 to XMM15.</summary>
    [FieldOffset(160)]
    public fixed ulong Xmm[32];

    [FieldOffset(RegistersOffset)]
    public fixed ulong Registers[16];

    [FieldOffset(FlagsOffset)]
    public ulong Flags;
}
