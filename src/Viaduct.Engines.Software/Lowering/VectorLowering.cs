using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Vectors;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>x87, MMX, SSE and SSE2.</summary>
internal static unsafe class VectorLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        switch (i.Mnemonic)
        {
            case Mnemonic.Fxsave or Mnemonic.Fxsave64:
                op->Extra = i.Mnemonic == Mnemonic.Fxsave64 ? (byte)1 : (byte)0;
                return context.Use(&StateImage.Save);
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64:
                op->Extra = i.Mnemonic == Mnemonic.Fxrstor64 ? (byte)1 : (byte)0;
                return context.Use(&StateImage.Restore);
            case Mnemonic.Ldmxcsr: return context.Use(&StateImage.LoadMxcsr);
            case Mnemonic.Stmxcsr: return context.Use(&StateImage.StoreMxcsr);
            case Mnemonic.Emms: return context.Use(&MmxInstructions.Empty);
            case Mnemonic.Movnti:
                op->Source = Registers.OffsetOf(i.Op1Register);
                return context.Use(i.Code == Code.Movnti_m64_r64 ? &Moves.MemoryRegister<W64> : &Moves.MemoryRegister<W32>);
            case Mnemonic.Maskmovq or Mnemonic.Maskmovdqu:
                return Masked(i, context);
        }

        if (X87Lowering.TryLower(i, context))
        {
            return true;
        }

        PutOperands(i, op);
        return HasMmxOperand(i)
            ? MmxLowering.TryLower(i, context)
            : SseMoveLowering.TryLower(i, context)
                || SseIntegerLowering.TryLower(i, context)
                || SseFloatLowering.TryLower(i, context);
    }

    /// <summary>XMM and MMX registers as numbers, general ones as offsets, an immediate byte as it is.</summary>
    private static void PutOperands(in Instruction i, Op* op)
    {
        if (i.OpCount > 0 && i.Op0Kind == OpKind.Register)
        {
            op->Destination = Operand(i.Op0Register);
        }

        if (i.OpCount > 1 && i.Op1Kind == OpKind.Register)
        {
            op->Source = Operand(i.Op1Register);
        }

        if (i.OpCount > 1 && i.GetOpKind(i.OpCount - 1) == OpKind.Immediate8)
        {
            op->Extra = i.Immediate8;
        }
    }

    private static byte Operand(Register register) =>
        register.IsGPR() ? Registers.OffsetOf(register) : (byte)register.GetNumber();

    private static bool HasMmxOperand(in Instruction i)
    {
        for (int operand = 0; operand < i.OpCount; operand++)
        {
            if (i.GetOpKind(operand) == OpKind.Register && i.GetOpRegister(operand).IsMM())
            {
                return true;
            }
        }

        return false;
    }

    // The address is rDI, with the segment that a prefix names.
    private static bool Masked(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        op->Destination = Operand(i.Op1Register);
        op->Source = Operand(i.Op2Register);
        MemoryOperand.LowerString(i, i.Op0Kind, op, context.Bitness);
        return context.Use(i.Mnemonic == Mnemonic.Maskmovq ? &MmxInstructions.StoreMasked : &SseMoves.StoreMasked);
    }
}
