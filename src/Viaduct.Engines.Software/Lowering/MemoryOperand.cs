using System.Numerics;
using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Puts an instruction's memory operand into its op.</summary>
internal static unsafe class MemoryOperand
{
    [ThreadStatic]
    private static InstructionInfoFactory? _factory;

    private static InstructionInfoFactory Information => _factory ??= new InstructionInfoFactory();

    internal static void Lower(in Instruction instruction, Op* op, int bitness)
    {
        op->Scale = (byte)BitOperations.Log2((uint)instruction.MemoryIndexScale);
        op->IndexRegister = Registers.AddressOffsetOf(instruction.MemoryIndex);
        op->Displacement = (long)instruction.MemoryDisplacement64;
        int addressBits = bitness;
        Register anchor = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        switch (instruction.MemoryBase)
        {
            case Register.RIP:
                op->Base = CpuState.CodeBaseRegister;
                op->AddressFlags = Segment(instruction, bitness);
                return;
            case Register.EIP:
                op->Base = CpuState.CodeBaseRegister;
                op->AddressFlags = (byte)(Segment(instruction, bitness) | EffectiveAddress.Truncate32);
                return;
        }

        op->Base = Registers.AddressOffsetOf(instruction.MemoryBase);
        if (anchor != Register.None)
        {
            addressBits = anchor.GetSize() * 8;
        }
        else if (instruction.MemoryDisplSize is 2 or 4 or 8)
        {
            // No register: an address-size prefix shows in the displacement's size alone.
            addressBits = bitness == 64 ? 64 : instruction.MemoryDisplSize * 8;
        }

        if (addressBits == 32 && bitness == 64)
        {
            op->Displacement = (int)instruction.MemoryDisplacement32;
        }

        op->AddressFlags = (byte)(Segment(instruction, bitness) | addressBits switch
        {
            32 => EffectiveAddress.Truncate32,
            16 => EffectiveAddress.Truncate16,
            _ => 0,
        });
    }

    /// <summary>The implicit operand at rDI of MASKMOVQ and MASKMOVDQU.</summary>
    internal static void LowerString(in Instruction instruction, OpKind kind, Op* op, int bitness)
    {
        op->Base = Registers.OffsetOf(Register.RDI);
        op->IndexRegister = CpuState.ZeroRegister;
        op->AddressFlags = (byte)(Segment(instruction, bitness) | kind switch
        {
            OpKind.MemorySegDI => EffectiveAddress.Truncate16,
            OpKind.MemorySegEDI => EffectiveAddress.Truncate32,
            _ => 0,
        });
    }

    /// <summary>What of the memory operand is checked against its segment, outside 64-bit mode.</summary>
    internal static void LowerLimits(in Instruction instruction, Op* op)
    {
        op->MemoryBytes = (ushort)Math.Max(instruction.MemorySize.GetSize(), 1);
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) is >= OpKind.MemorySegSI and <= OpKind.Memory)
            {
                OpAccess access = Information.GetInfo(instruction, InstructionInfoOptions.NoRegisterUsage).GetOpAccess(i);
                op->WritesMemory |= access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite;
            }
        }
    }

    private static byte Segment(in Instruction instruction, int bitness)
    {
        Register segment = instruction.MemorySegment;
        if (bitness != 64)
        {
            return (byte)(EffectiveAddress.AddSegment | EffectiveAddress.Linear32 | (Registers.SegmentOf(segment) << 4));
        }

        return segment is Register.FS or Register.GS
            ? (byte)(EffectiveAddress.AddSegment | (Registers.SegmentOf(segment) << 4))
            : (byte)0;
    }
}
