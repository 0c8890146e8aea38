using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>
/// Turns a decoded instruction into an op: chooses the handler by mnemonic, size and operand kinds. What isn't here
/// raises #UD, as on a processor without it.
/// </summary>
internal static unsafe class InstructionLowering
{
    /// <summary>Who carries out what isn't here; to be compared with, as method addresses need not be the same everywhere.</summary>
    internal static readonly delegate*<SoftwareCpu, CpuState*, Op*, Op*> Undefined = &Privileged.Undefined;

    /// <summary>Fills an op.</summary>
    internal static BlockFlow Lower(in Instruction instruction, Op* op, int bitness)
    {
        if (!TryLower(instruction, op, bitness, out BlockFlow flow))
        {
            op->Handler = Undefined;
            return BlockFlow.Ends;
        }

        return flow;
    }

    /// <summary>Whether the engine carries out an instruction at all.</summary>
    internal static bool IsSupported(in Instruction instruction, int bitness)
    {
        Op op = default;
        return TryLower(instruction, &op, bitness, out _);
    }

    private static bool TryLower(in Instruction instruction, Op* op, int bitness, out BlockFlow flow)
    {
        flow = instruction.FlowControl is FlowControl.Next or FlowControl.ConditionalBranch
            ? BlockFlow.Sequential
            : BlockFlow.Ends;
        if (instruction.IsInvalid || (instruction.HasLockPrefix && !IsLockable(instruction)))
        {
            return false;
        }

        if (HasMemory(instruction))
        {
            MemoryOperand.Lower(instruction, op, bitness);
        }

        if (bitness != 64)
        {
            MemoryOperand.LowerLimits(instruction, op);
        }

        LoweringContext context = new(op, bitness, ref flow);
        return IntegerLowering.TryLower(instruction, context)
            || BranchLowering.TryLower(instruction, context)
            || StringLowering.TryLower(instruction, context)
            || SystemLowering.TryLower(instruction, context)
            || LegacyLowering.TryLower(instruction, context)
            || VectorLowering.TryLower(instruction, context);
    }

    private static bool HasMemory(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory)
            {
                return true;
            }
        }

        return false;
    }

    // Iced refuses most bad LOCK prefixes itself; a register destination remains.
    private static bool IsLockable(in Instruction instruction) => instruction.Op0Kind == OpKind.Memory;
}
