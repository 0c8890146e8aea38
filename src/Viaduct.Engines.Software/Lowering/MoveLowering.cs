using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Moves, stack operations, exchanges and flag instructions.</summary>
internal static unsafe class MoveLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        int size = i.OpCount > 0 ? IntegerLowering.SizeOf(i, 0) : 0;
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov: return Move(i, context, size);
            case Mnemonic.Movzx: return ZeroExtend(i, context, size);
            case Mnemonic.Movsx or Mnemonic.Movsxd: return SignExtend(i, context, size);
            case Mnemonic.Lea:
                op->Destination = Registers.OffsetOf(i.Op0Register);
                op->AddressFlags &= EffectiveAddress.Truncate32 | EffectiveAddress.Truncate16;
                size = i.Op0Register.GetSize();
                return context.Use(Sizes.Choose(size, null, &Moves.Lea<W16>, &Moves.Lea<W32>, &Moves.Lea<W64>));
            case Mnemonic.Xlatb:
                op->Extra2 = 0;
                return LowerTranslate(i, context);
            case Mnemonic.Cbw: return context.Use(&Moves.ExtendAccumulator<W16, W8>);
            case Mnemonic.Cwde: return context.Use(&Moves.ExtendAccumulator<W32, W16>);
            case Mnemonic.Cdqe: return context.Use(&Moves.ExtendAccumulator<W64, W32>);
            case Mnemonic.Cwd: return context.Use(&Moves.ExtendIntoData<W16>);
            case Mnemonic.Cdq: return context.Use(&Moves.ExtendIntoData<W32>);
            case Mnemonic.Cqo: return context.Use(&Moves.ExtendIntoData<W64>);
            case Mnemonic.Xchg: return Exchange(i, context, size);
            case Mnemonic.Xadd:
                op->Source = Registers.OffsetOf(i.Op1Register);
                if (i.Op0Kind == OpKind.Memory)
                {
                    return context.Use(Sizes.Choose(size, &Interpreter.Exchange.AddMemory<W8>, &Interpreter.Exchange.AddMemory<W16>, &Interpreter.Exchange.AddMemory<W32>, &Interpreter.Exchange.AddMemory<W64>));
                }

                op->Destination = Registers.OffsetOf(i.Op0Register);
                return context.Use(Sizes.Choose(size, &Interpreter.Exchange.AddRegister<W8>, &Interpreter.Exchange.AddRegister<W16>, &Interpreter.Exchange.AddRegister<W32>, &Interpreter.Exchange.AddRegister<W64>));
            case Mnemonic.Cmpxchg:
                op->Source = Registers.OffsetOf(i.Op1Register);
                if (i.Op0Kind == OpKind.Memory)
                {
                    return context.Use(Sizes.Choose(size, &Interpreter.Exchange.CompareMemory<W8>, &Interpreter.Exchange.CompareMemory<W16>, &Interpreter.Exchange.CompareMemory<W32>, &Interpreter.Exchange.CompareMemory<W64>));
                }

                op->Destination = Registers.OffsetOf(i.Op0Register);
                return context.Use(Sizes.Choose(size, &Interpreter.Exchange.CompareRegister<W8>, &Interpreter.Exchange.CompareRegister<W16>, &Interpreter.Exchange.CompareRegister<W32>, &Interpreter.Exchange.CompareRegister<W64>));
            case Mnemonic.Cmpxchg8b: return context.Use(&Interpreter.Exchange.Compare8Bytes);
            case Mnemonic.Cmpxchg16b: return context.Use(&Interpreter.Exchange.Compare16Bytes);
            case Mnemonic.Push: return Push(i, context);
            case Mnemonic.Pop: return Pop(i, context);
            case Mnemonic.Pushf or Mnemonic.Pushfd or Mnemonic.Pushfq:
                op->Extra = (byte)-i.StackPointerIncrement;
                return context.Use(&Stack.PushFlags);
            case Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq:
                op->Extra = (byte)i.StackPointerIncrement;
                return context.Use(&Stack.PopFlags, BlockFlow.Ends);
            case Mnemonic.Leave:
                op->Extra = i.Code switch { Code.Leavew => 2, Code.Leaved => 4, _ => 8 };
                return context.Use(&Stack.LeaveFrame);
            case Mnemonic.Enter:
                op->Extra = i.Code switch { Code.Enterw_imm16_imm8 => 2, Code.Enterd_imm16_imm8 => 4, _ => 8 };
                op->Immediate = i.Immediate16;
                op->Extra2 = i.Immediate8_2nd;
                return context.Use(&Stack.EnterFrame);
            case Mnemonic.Clc: return context.Use(&FlagInstructions.ClearCarry);
            case Mnemonic.Stc: return context.Use(&FlagInstructions.SetCarry);
            case Mnemonic.Cmc: return context.Use(&FlagInstructions.ComplementCarry);
            case Mnemonic.Cld: return context.Use(&FlagInstructions.ClearDirection);
            case Mnemonic.Std: return context.Use(&FlagInstructions.SetDirection);
            case Mnemonic.Lahf: return context.Use(&FlagInstructions.LoadIntoAccumulator);
            case Mnemonic.Sahf: return context.Use(&FlagInstructions.StoreFromAccumulator);
            default: return ConditionLowering.TryLower(i, context, size);
        }
    }

    private static bool LowerTranslate(in Instruction i, LoweringContext context)
    {
        MemoryOperand.Lower(i, context.Op, context.Bitness);

        // Iced gives [rBX+AL]: the handler adds AL itself, since it is a byte register.
        context.Op->IndexRegister = CpuState.ZeroRegister;
        context.Op->Scale = 0;
        return context.Use(&Moves.TranslateTable);
    }

    private static bool Move(in Instruction i, LoweringContext context, int size)
    {
        Op* op = context.Op;
        if (i.Op0Kind == OpKind.Register && (i.Op0Register.IsSegmentRegister() || i.Op0Register.IsCR() || i.Op0Register.IsDR()))
        {
            return SystemLowering.MoveTo(i, context);
        }

        if (i.Op1Kind == OpKind.Register && (i.Op1Register.IsSegmentRegister() || i.Op1Register.IsCR() || i.Op1Register.IsDR()))
        {
            return SystemLowering.MoveFrom(i, context);
        }

        if (i.Op0Kind == OpKind.Memory)
        {
            if (i.Op1Kind == OpKind.Register)
            {
                op->Source = Registers.OffsetOf(i.Op1Register);
                return context.Use(Sizes.Choose(size, &Moves.MemoryRegister<W8>, &Moves.MemoryRegister<W16>, &Moves.MemoryRegister<W32>, &Moves.MemoryRegister<W64>));
            }

            op->Immediate = i.GetImmediate(1);
            return context.Use(Sizes.Choose(size, &Moves.MemoryImmediate<W8>, &Moves.MemoryImmediate<W16>, &Moves.MemoryImmediate<W32>, &Moves.MemoryImmediate<W64>));
        }

        op->Destination = Registers.OffsetOf(i.Op0Register);
        switch (i.Op1Kind)
        {
            case OpKind.Register:
                op->Source = Registers.OffsetOf(i.Op1Register);
                return context.Use(Sizes.Choose(size, &Moves.RegisterRegister<W8>, &Moves.RegisterRegister<W16>, &Moves.RegisterRegister<W32>, &Moves.RegisterRegister<W64>));
            case OpKind.Memory:
                return context.Use(Sizes.Choose(size, &Moves.RegisterMemory<W8>, &Moves.RegisterMemory<W16>, &Moves.RegisterMemory<W32>, &Moves.RegisterMemory<W64>));
            default:
                op->Immediate = i.GetImmediate(1);
                return context.Use(Sizes.Choose(size, &Moves.RegisterImmediate<W8>, &Moves.RegisterImmediate<W16>, &Moves.RegisterImmediate<W32>, &Moves.RegisterImmediate<W64>));
        }
    }

    private static bool ZeroExtend(in Instruction i, LoweringContext context, int size)
    {
        int from = IntegerLowering.SizeOf(i, 1);
        if (i.Op1Kind == OpKind.Register)
        {
            context.Op->Source = Registers.OffsetOf(i.Op1Register);
        }

        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        bool memory = i.Op1Kind == OpKind.Memory;
        return context.Use(from == 1
            ? memory
                ? Sizes.Choose(size, null, &Moves.ZeroExtendMemory<W16, W8>, &Moves.ZeroExtendMemory<W32, W8>, &Moves.ZeroExtendMemory<W64, W8>)
                : Sizes.Choose(size, null, &Moves.ZeroExtendRegister<W16, W8>, &Moves.ZeroExtendRegister<W32, W8>, &Moves.ZeroExtendRegister<W64, W8>)
            : memory
                ? Sizes.Choose(size, null, &Moves.ZeroExtendMemory<W16, W16>, &Moves.ZeroExtendMemory<W32, W16>, &Moves.ZeroExtendMemory<W64, W16>)
                : Sizes.Choose(size, null, &Moves.ZeroExtendRegister<W16, W16>, &Moves.ZeroExtendRegister<W32, W16>, &Moves.ZeroExtendRegister<W64, W16>));
    }

    private static bool SignExtend(in Instruction i, LoweringContext context, int size)
    {
        int from = IntegerLowering.SizeOf(i, 1);
        if (i.Op1Kind == OpKind.Register)
        {
            context.Op->Source = Registers.OffsetOf(i.Op1Register);
        }

        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        bool memory = i.Op1Kind == OpKind.Memory;
        return context.Use(from switch
        {
            1 => memory
                ? Sizes.Choose(size, null, &Moves.SignExtendMemory<W16, W8>, &Moves.SignExtendMemory<W32, W8>, &Moves.SignExtendMemory<W64, W8>)
                : Sizes.Choose(size, null, &Moves.SignExtendRegister<W16, W8>, &Moves.SignExtendRegister<W32, W8>, &Moves.SignExtendRegister<W64, W8>),
            2 => memory
                ? Sizes.Choose(size, null, &Moves.SignExtendMemory<W16, W16>, &Moves.SignExtendMemory<W32, W16>, &Moves.SignExtendMemory<W64, W16>)
                : Sizes.Choose(size, null, &Moves.SignExtendRegister<W16, W16>, &Moves.SignExtendRegister<W32, W16>, &Moves.SignExtendRegister<W64, W16>),
            _ => memory
                ? Sizes.Choose(size, null, &Moves.SignExtendMemory<W16, W16>, &Moves.SignExtendMemory<W32, W32>, &Moves.SignExtendMemory<W64, W32>)
                : Sizes.Choose(size, null, &Moves.SignExtendRegister<W16, W16>, &Moves.SignExtendRegister<W32, W32>, &Moves.SignExtendRegister<W64, W32>),
        });
    }

    private static bool Exchange(in Instruction i, LoweringContext context, int size)
    {
        Op* op = context.Op;
        if (i.Op0Kind == OpKind.Memory || i.Op1Kind == OpKind.Memory)
        {
            op->Source = Registers.OffsetOf(i.Op0Kind == OpKind.Memory ? i.Op1Register : i.Op0Register);
            return context.Use(Sizes.Choose(size, &Interpreter.Exchange.MemoryRegister<W8>, &Interpreter.Exchange.MemoryRegister<W16>, &Interpreter.Exchange.MemoryRegister<W32>, &Interpreter.Exchange.MemoryRegister<W64>));
        }

        op->Destination = Registers.OffsetOf(i.Op0Register);
        op->Source = Registers.OffsetOf(i.Op1Register);
        return context.Use(Sizes.Choose(size, &Interpreter.Exchange.RegisterRegister<W8>, &Interpreter.Exchange.RegisterRegister<W16>, &Interpreter.Exchange.RegisterRegister<W32>, &Interpreter.Exchange.RegisterRegister<W64>));
    }

    private static bool Push(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        int bytes = -i.StackPointerIncrement;
        if (i.Op0Kind == OpKind.Register && i.Op0Register.IsSegmentRegister())
        {
            op->Extra = Registers.SegmentOf(i.Op0Register);
            op->Extra2 = (byte)bytes;
            return context.Use(&SegmentInstructions.Push);
        }

        op->Extra = (byte)bytes;
        switch (i.Op0Kind)
        {
            case OpKind.Register:
                op->Source = Registers.OffsetOf(i.Op0Register);
                return context.Use(context.Is64 && bytes == 8 ? &Stack.PushRegister64 : &Stack.PushSized);
            case OpKind.Memory:
                op->Extra2 = 2;
                return context.Use(context.Is64 && bytes == 8 ? &Stack.PushMemory64 : &Stack.PushSized);
            default:
                op->Extra2 = 1;
                op->Immediate = i.GetImmediate(0);
                return context.Use(context.Is64 && bytes == 8 ? &Stack.PushImmediate64 : &Stack.PushSized);
        }
    }

    private static bool Pop(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        int bytes = i.StackPointerIncrement;
        if (i.Op0Kind == OpKind.Register && i.Op0Register.IsSegmentRegister())
        {
            op->Extra = Registers.SegmentOf(i.Op0Register);
            op->Extra2 = (byte)bytes;
            return context.Use(&SegmentInstructions.Pop, BlockFlow.Ends);
        }

        op->Extra = (byte)bytes;
        if (i.Op0Kind == OpKind.Memory)
        {
            return context.Use(&Stack.PopMemory);
        }

        op->Destination = Registers.OffsetOf(i.Op0Register);
        return context.Use(context.Is64 && bytes == 8 ? &Stack.PopRegister64 : &Stack.PopSized);
    }
}
