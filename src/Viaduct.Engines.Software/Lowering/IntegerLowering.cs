using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Integer arithmetic, moves, shifts, bits and exchanges.</summary>
internal static unsafe class IntegerLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        switch (i.Mnemonic)
        {
            case Mnemonic.Add: return Alu<AluOperations.Add>(i, context);
            case Mnemonic.Or: return Alu<AluOperations.Or>(i, context);
            case Mnemonic.Adc: return Alu<AluOperations.Adc>(i, context);
            case Mnemonic.Sbb: return Alu<AluOperations.Sbb>(i, context);
            case Mnemonic.And: return Alu<AluOperations.And>(i, context);
            case Mnemonic.Sub: return Alu<AluOperations.Sub>(i, context);
            case Mnemonic.Xor: return Alu<AluOperations.Xor>(i, context);
            case Mnemonic.Cmp: return Alu<AluOperations.Cmp>(i, context);
            case Mnemonic.Test: return Alu<AluOperations.Test>(i, context);
            case Mnemonic.Inc: return Modify<UnaryOperations.Inc>(i, context);
            case Mnemonic.Dec: return Modify<UnaryOperations.Dec>(i, context);
            case Mnemonic.Neg: return Modify<UnaryOperations.Neg>(i, context);
            case Mnemonic.Not: return Modify<UnaryOperations.Not>(i, context);
            case Mnemonic.Shl or Mnemonic.Sal: return Shift<ShiftOperations.Shl>(i, context, 1);
            case Mnemonic.Shr: return Shift<ShiftOperations.Shr>(i, context, 1);
            case Mnemonic.Sar: return Shift<ShiftOperations.Sar>(i, context, 1);
            case Mnemonic.Rol: return Shift<ShiftOperations.Rol>(i, context, 1);
            case Mnemonic.Ror: return Shift<ShiftOperations.Ror>(i, context, 1);
            case Mnemonic.Rcl: return Shift<ShiftOperations.Rcl>(i, context, 1);
            case Mnemonic.Rcr: return Shift<ShiftOperations.Rcr>(i, context, 1);
            case Mnemonic.Shld:
                op->Source = Registers.OffsetOf(i.Op1Register);
                return Shift<ShiftOperations.ShiftLeftDouble>(i, context, 2);
            case Mnemonic.Shrd:
                op->Source = Registers.OffsetOf(i.Op1Register);
                return Shift<ShiftOperations.ShiftRightDouble>(i, context, 2);
            case Mnemonic.Bt: return BitTest(i, context);
            case Mnemonic.Bts: return BitModify<BitOperationsX86.BitSet>(i, context);
            case Mnemonic.Btr: return BitModify<BitOperationsX86.BitReset>(i, context);
            case Mnemonic.Btc: return BitModify<BitOperationsX86.BitComplement>(i, context);
            case Mnemonic.Bsf or Mnemonic.Tzcnt:
                return FromSource(i, context) && context.Use(Sizes.Choose(SizeOf(i, 0),
                    null, &BitOperationsX86.ScanForward<W16>, &BitOperationsX86.ScanForward<W32>, &BitOperationsX86.ScanForward<W64>));
            case Mnemonic.Bsr or Mnemonic.Lzcnt:
                return FromSource(i, context) && context.Use(Sizes.Choose(SizeOf(i, 0),
                    null, &BitOperationsX86.ScanReverse<W16>, &BitOperationsX86.ScanReverse<W32>, &BitOperationsX86.ScanReverse<W64>));
            case Mnemonic.Bswap:
                op->Destination = Registers.OffsetOf(i.Op0Register);
                return context.Use(Sizes.Choose(SizeOf(i, 0), null, &BitOperationsX86.Swap16, &BitOperationsX86.Swap32, &BitOperationsX86.Swap64));
            case Mnemonic.Mul:
                return FromSource(i, context, 0) && context.Use(Sizes.Choose(SizeOf(i, 0),
                &MultiplyDivide.Multiply<W8>, &MultiplyDivide.Multiply<W16>, &MultiplyDivide.Multiply<W32>, &MultiplyDivide.Multiply<W64>));
            case Mnemonic.Imul: return SignedMultiply(i, context);
            case Mnemonic.Div:
                return FromSource(i, context, 0) && context.Use(Sizes.Choose(SizeOf(i, 0),
                &MultiplyDivide.Divide<W8>, &MultiplyDivide.Divide<W16>, &MultiplyDivide.Divide<W32>, &MultiplyDivide.Divide<W64>));
            case Mnemonic.Idiv:
                return FromSource(i, context, 0) && context.Use(Sizes.Choose(SizeOf(i, 0),
                &MultiplyDivide.SignedDivide<W8>, &MultiplyDivide.SignedDivide<W16>, &MultiplyDivide.SignedDivide<W32>, &MultiplyDivide.SignedDivide<W64>));
            default:
                return MoveLowering.TryLower(i, context);
        }
    }

    /// <summary>Bytes of an operand.</summary>
    internal static int SizeOf(in Instruction i, int operand) => i.GetOpKind(operand) switch
    {
        OpKind.Register => i.GetOpRegister(operand).GetSize(),
        OpKind.Memory => i.MemorySize.GetSize(),
        _ => 0,
    };

    /// <summary>Puts a register or memory operand in as the source; Extra is 1 for memory. The first operand, when a register, is the destination.</summary>
    internal static bool FromSource(in Instruction i, LoweringContext context, int operand = 1)
    {
        Op* op = context.Op;
        if (i.Op0Kind == OpKind.Register)
        {
            op->Destination = Registers.OffsetOf(i.Op0Register);
        }

        if (i.GetOpKind(operand) == OpKind.Memory)
        {
            op->Extra = 1;
        }
        else
        {
            op->Source = Registers.OffsetOf(i.GetOpRegister(operand));
        }

        return true;
    }

    private static bool Alu<TAlu>(in Instruction i, LoweringContext context)
        where TAlu : IAlu
    {
        Op* op = context.Op;
        int size = SizeOf(i, 0);
        bool source = i.Op1Kind == OpKind.Register;
        if (source)
        {
            op->Source = Registers.OffsetOf(i.Op1Register);
        }
        else if (i.Op1Kind != OpKind.Memory)
        {
            op->Immediate = Truncate(i.GetImmediate(1), size);
        }

        if (i.Op0Kind == OpKind.Memory)
        {
            return context.Use(i.HasLockPrefix
                ? source
                    ? Sizes.Choose(size, &Interpreter.Alu.LockedMemoryRegister<TAlu, W8>, &Interpreter.Alu.LockedMemoryRegister<TAlu, W16>, &Interpreter.Alu.LockedMemoryRegister<TAlu, W32>, &Interpreter.Alu.LockedMemoryRegister<TAlu, W64>)
                    : Sizes.Choose(size, &Interpreter.Alu.LockedMemoryImmediate<TAlu, W8>, &Interpreter.Alu.LockedMemoryImmediate<TAlu, W16>, &Interpreter.Alu.LockedMemoryImmediate<TAlu, W32>, &Interpreter.Alu.LockedMemoryImmediate<TAlu, W64>)
                : source
                    ? Sizes.Choose(size, &Interpreter.Alu.MemoryRegister<TAlu, W8>, &Interpreter.Alu.MemoryRegister<TAlu, W16>, &Interpreter.Alu.MemoryRegister<TAlu, W32>, &Interpreter.Alu.MemoryRegister<TAlu, W64>)
                    : Sizes.Choose(size, &Interpreter.Alu.MemoryImmediate<TAlu, W8>, &Interpreter.Alu.MemoryImmediate<TAlu, W16>, &Interpreter.Alu.MemoryImmediate<TAlu, W32>, &Interpreter.Alu.MemoryImmediate<TAlu, W64>));
        }

        op->Destination = Registers.OffsetOf(i.Op0Register);
        return context.Use(i.Op1Kind switch
        {
            OpKind.Memory => Sizes.Choose(size, &Interpreter.Alu.RegisterMemory<TAlu, W8>, &Interpreter.Alu.RegisterMemory<TAlu, W16>, &Interpreter.Alu.RegisterMemory<TAlu, W32>, &Interpreter.Alu.RegisterMemory<TAlu, W64>),
            OpKind.Register => Sizes.Choose(size, &Interpreter.Alu.RegisterRegister<TAlu, W8>, &Interpreter.Alu.RegisterRegister<TAlu, W16>, &Interpreter.Alu.RegisterRegister<TAlu, W32>, &Interpreter.Alu.RegisterRegister<TAlu, W64>),
            _ => Sizes.Choose(size, &Interpreter.Alu.RegisterImmediate<TAlu, W8>, &Interpreter.Alu.RegisterImmediate<TAlu, W16>, &Interpreter.Alu.RegisterImmediate<TAlu, W32>, &Interpreter.Alu.RegisterImmediate<TAlu, W64>),
        });
    }

    private static bool Modify<TModify>(in Instruction i, LoweringContext context)
        where TModify : IModify
    {
        int size = SizeOf(i, 0);
        if (i.Op0Kind == OpKind.Register)
        {
            context.Op->Destination = Registers.OffsetOf(i.Op0Register);
            return context.Use(Sizes.Choose(size, &Interpreter.Modify.Register<TModify, W8>, &Interpreter.Modify.Register<TModify, W16>, &Interpreter.Modify.Register<TModify, W32>, &Interpreter.Modify.Register<TModify, W64>));
        }

        return context.Use(i.HasLockPrefix
            ? Sizes.Choose(size, &Interpreter.Modify.LockedMemory<TModify, W8>, &Interpreter.Modify.LockedMemory<TModify, W16>, &Interpreter.Modify.LockedMemory<TModify, W32>, &Interpreter.Modify.LockedMemory<TModify, W64>)
            : Sizes.Choose(size, &Interpreter.Modify.Memory<TModify, W8>, &Interpreter.Modify.Memory<TModify, W16>, &Interpreter.Modify.Memory<TModify, W32>, &Interpreter.Modify.Memory<TModify, W64>));
    }

    private static bool Shift<TModify>(in Instruction i, LoweringContext context, int countOperand)
        where TModify : IModify
    {
        if (i.GetOpKind(countOperand) == OpKind.Register)
        {
            context.Op->Extra = 1;
        }
        else
        {
            context.Op->Immediate = (byte)i.GetImmediate(countOperand);
        }

        return Modify<TModify>(i, context);
    }

    private static bool BitTest(in Instruction i, LoweringContext context)
    {
        BitNumber(i, context);
        int size = SizeOf(i, 0);
        if (i.Op0Kind == OpKind.Memory)
        {
            return context.Use(Sizes.Choose(size, null, &BitOperationsX86.TestMemory<W16>, &BitOperationsX86.TestMemory<W32>, &BitOperationsX86.TestMemory<W64>));
        }

        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        return context.Use(Sizes.Choose(size, null, &BitOperationsX86.TestRegister<W16>, &BitOperationsX86.TestRegister<W32>, &BitOperationsX86.TestRegister<W64>));
    }

    private static bool BitModify<TModify>(in Instruction i, LoweringContext context)
        where TModify : IModify
    {
        BitNumber(i, context);
        int size = SizeOf(i, 0);
        if (i.Op0Kind == OpKind.Register)
        {
            return Modify<TModify>(i, context);
        }

        return context.Use(i.HasLockPrefix
            ? Sizes.Choose(size, null, &BitOperationsX86.LockedModifyMemory<TModify, W16>, &BitOperationsX86.LockedModifyMemory<TModify, W32>, &BitOperationsX86.LockedModifyMemory<TModify, W64>)
            : Sizes.Choose(size, null, &BitOperationsX86.ModifyMemory<TModify, W16>, &BitOperationsX86.ModifyMemory<TModify, W32>, &BitOperationsX86.ModifyMemory<TModify, W64>));
    }

    private static void BitNumber(in Instruction i, LoweringContext context)
    {
        if (i.Op1Kind == OpKind.Register)
        {
            context.Op->Source = Registers.OffsetOf(i.Op1Register);
        }
        else
        {
            context.Op->Extra = 2;
            context.Op->Immediate = (byte)i.GetImmediate(1);
        }
    }

    private static bool SignedMultiply(in Instruction i, LoweringContext context)
    {
        int size = SizeOf(i, 0);
        switch (i.OpCount)
        {
            case 1:
                return FromSource(i, context, 0) && context.Use(Sizes.Choose(size,
                    &MultiplyDivide.SignedMultiply<W8>, &MultiplyDivide.SignedMultiply<W16>, &MultiplyDivide.SignedMultiply<W32>, &MultiplyDivide.SignedMultiply<W64>));
            case 2:
                return FromSource(i, context) && context.Use(Sizes.Choose(size,
                    null, &MultiplyDivide.SignedMultiplyTwo<W16>, &MultiplyDivide.SignedMultiplyTwo<W32>, &MultiplyDivide.SignedMultiplyTwo<W64>));
            default:
                context.Op->Immediate = Truncate(i.GetImmediate(2), size);
                return FromSource(i, context) && context.Use(Sizes.Choose(size,
                    null, &MultiplyDivide.SignedMultiplyThree<W16>, &MultiplyDivide.SignedMultiplyThree<W32>, &MultiplyDivide.SignedMultiplyThree<W64>));
        }
    }

    private static ulong Truncate(ulong value, int size) => size == 8 ? value : value & ((1UL << (size * 8)) - 1);
}
