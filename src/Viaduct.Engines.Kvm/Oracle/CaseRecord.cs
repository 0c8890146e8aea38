using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>A case in guest memory: the state that the driver loads, a scratch area for memory operands, and the state that it stores.</summary>
[StructLayout(LayoutKind.Explicit, Size = Length)]
internal unsafe struct CaseRecord
{
    /// <summary>Bytes.</summary>
    public const int Length = 2048;

    public const int ScratchOffset = 0x300;
    public const int ScratchLength = 0x200;

    /// <summary>The state before.</summary>
    [FieldOffset(0)]
    public MachineState Before;

    /// <summary>Where the case's code is.</summary>
    [FieldOffset(0x288)]
    public ulong Target;

    /// <summary>What memory operands reach.</summary>
    [FieldOffset(ScratchOffset)]
    public fixed byte Scratch[ScratchLength];

    /// <summary>The state after.</summary>
    [FieldOffset(AfterOffset)]
    public MachineState After;

    /// <summary>The exception that ended the case, or <see cref="OracleLayout.NoVector"/>.</summary>
    [FieldOffset(VectorOffset)]
    public ulong Vector;

    [FieldOffset(VectorOffset + 8)]
    public ulong ErrorCode;

    /// <summary>CR2 of a page fault.</summary>
    [FieldOffset(VectorOffset + 16)]
    public ulong FaultAddress;

    /// <summary>The instruction pointer that the exception pushed.</summary>
    [FieldOffset(VectorOffset + 24)]
    public ulong FaultRip;

    public const int AfterOffset = 0x500;
    public const int VectorOffset = AfterOffset + 0x288;
}
