namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>What an x87 instruction takes from and gives to the processor besides the FPU and memory.</summary>
public struct X87Context
{
    /// <summary>In: address of the instruction.</summary>
    public ulong InstructionPointer;

    /// <summary>In: address of the memory operand, if there is one.</summary>
    public ulong DataPointer;

    /// <summary>
    /// RFLAGS' CF, PF and ZF at their places: in for FCMOVcc (<see cref="X87Operation.ReadsFlags"/>), out for FCOMI and
    /// its like (<see cref="X87Operation.WritesFlags"/>), which clear OF, SF and AF besides.
    /// </summary>
    public uint Flags;

    /// <summary>Out: AX after FNSTSW AX (<see cref="X87Operation.WritesAx"/>).</summary>
    public ushort Ax;
}
