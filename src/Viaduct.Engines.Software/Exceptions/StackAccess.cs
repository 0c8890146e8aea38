using Iced.Intel;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>
/// Tells whether an access to a non-canonical address went through the stack segment: that is #SS, not #GP (Intel SDM
/// vol. 2 3.1.1.13). Accesses don't carry their segment, so the instruction is decoded again when it comes to that.
/// </summary>
internal static unsafe class StackAccess
{
    private const int MaxInstructionLength = 15;

    /// <summary>The vector for the instruction at RIP, whose access was to a non-canonical address.</summary>
    internal static byte VectorOf(CpuState* state, MemoryUnit memory)
    {
        byte* bytes = stackalloc byte[MaxInstructionLength];
        int length = (int)Math.Min(MaxInstructionLength, 4096 - (state->Rip & 0xFFF));
        if (!memory.FetchBytes(state->Rip, bytes, length))
        {
            return Vector.GeneralProtection;
        }

        if (length < MaxInstructionLength && memory.FetchBytes(state->Rip + (uint)length, bytes + length, MaxInstructionLength - length))
        {
            length = MaxInstructionLength;
        }

        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(new Span<byte>(bytes, length).ToArray()), state->Rip);
        decoder.Decode(out Instruction instruction);
        return IsThroughStack(state, instruction) ? Vector.StackFault : Vector.GeneralProtection;
    }

    private static bool IsThroughStack(CpuState* state, in Instruction instruction)
    {
        UsedMemory first = default;
        foreach (UsedMemory memory in new InstructionInfoFactory().GetInfo(instruction).GetUsedMemory())
        {
            if (memory.Access is OpAccess.None or OpAccess.NoMemAccess || memory.Base == Register.None)
            {
                continue;
            }

            first = memory;
            ulong address = Value(state, memory.Base) + (Value(state, memory.Index) * (ulong)memory.Scale) + memory.Displacement;
            address += memory.Segment switch
            {
                Register.FS => state->SegmentBases[SegmentName.Fs],
                Register.GS => state->SegmentBases[SegmentName.Gs],
                _ => 0,
            };
            if (!Interpreter.Branches.IsCanonical(address))
            {
                break;
            }
        }

        // Of the overrides only SS itself, FS and GS mean anything in 64-bit mode.
        return instruction.SegmentPrefix is Register.FS or Register.GS
            ? first.Segment == Register.SS
            : first.Base is Register.RSP or Register.RBP || (instruction.SegmentPrefix == Register.SS && first.Segment != Register.ES);
    }

    private static ulong Value(CpuState* state, Register register) => register.GetFullRegister() switch
    {
        >= Register.RAX and <= Register.R15 => state->Registers[register.GetFullRegister() - Register.RAX],
        _ => 0,
    };
}
