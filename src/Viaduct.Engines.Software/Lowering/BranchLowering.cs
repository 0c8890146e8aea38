using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Jumps, calls, returns, loops, system calls and interrupts.</summary>
internal static unsafe class BranchLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        switch (i.Mnemonic)
        {
            case Mnemonic.Jmp: return Transfer(i, context, call: false);
            case Mnemonic.Call: return Transfer(i, context, call: true);
            case Mnemonic.Ret:
                op->Immediate = i.OpCount > 0 ? i.Immediate16 : 0u;
                return context.Is64 && i.Code is Code.Retnq or Code.Retnq_imm16
                    ? context.Use(&Branches.Return64)
                    : Legacy(context, NearKind.Return, i.Code is Code.Retnw or Code.Retnw_imm16 ? 2 : 4);
            case Mnemonic.Retf:
                op->Immediate = i.OpCount > 0 ? i.Immediate16 : 0u;
                op->Extra = i.Code switch
                {
                    Code.Retfw or Code.Retfw_imm16 => 2,
                    Code.Retfd or Code.Retfd_imm16 => 4,
                    _ => 8,
                };
                return context.Use(&Transfers.FarReturn);
            case Mnemonic.Jcxz: return Target(i, context) && context.Use(&Branches.JumpIfCountZero<W16>);
            case Mnemonic.Jecxz: return Target(i, context) && context.Use(&Branches.JumpIfCountZero<W32>);
            case Mnemonic.Jrcxz: return Target(i, context) && context.Use(&Branches.JumpIfCountZero<W64>);
            case Mnemonic.Loop: return Loop(i, context, 0);
            case Mnemonic.Loope: return Loop(i, context, 1);
            case Mnemonic.Loopne: return Loop(i, context, 2);
            case Mnemonic.Syscall: return context.Use(&Transfers.SystemCall);
            case Mnemonic.Sysret or Mnemonic.Sysretq:
                op->Extra = i.Code == Code.Sysretq ? (byte)8 : (byte)4;
                return context.Use(&Transfers.SystemReturn);
            case Mnemonic.Sysenter: return context.Use(&Transfers.FastEnter);
            case Mnemonic.Sysexit or Mnemonic.Sysexitq:
                op->Extra = i.Code == Code.Sysexitq ? (byte)8 : (byte)4;
                return context.Use(&Transfers.FastExit);
            case Mnemonic.Int:
                op->Immediate = i.Immediate8;
                return context.Use(&Transfers.Interrupt);
            case Mnemonic.Int3:
                op->Immediate = 3;
                return context.Use(&Transfers.Interrupt);
            case Mnemonic.Int1:
                op->Immediate = 1;
                op->Extra = 1;
                return context.Use(&Transfers.Interrupt);
            case Mnemonic.Into: return context.Use(&Transfers.InterruptOnOverflow);
            case Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq:
                op->Extra = i.Code switch { Code.Iretw => 2, Code.Iretd => 4, _ => 8 };
                return context.Use(&Transfers.InterruptReturn);
            default:
                return false;
        }
    }

    /// <summary>Puts a near branch's target in, from the start of the page.</summary>
    internal static bool Target(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        if (i.Op0Kind != OpKind.NearBranch16)
        {
            op->Immediate = context.Is64 ? i.NearBranchTarget : (ulong)(int)i.NearBranchTarget;
            return true;
        }

        // The decoder cut the target to 16 bits from the start of the page; the segment need not begin there.
        int end = op->PageOffset + op->Length;
        op->Immediate = (ulong)(end + (short)(i.NearBranch16 - end));
        op->AddressFlags = EffectiveAddress.Truncate16;
        return true;
    }

    private static bool Loop(in Instruction i, LoweringContext context, byte kind)
    {
        Target(i, context);
        context.Op->Extra = kind;
        return context.Use(i.RawLoopCounterBits() switch
        {
            16 => &Branches.Loop<W16>,
            32 => &Branches.Loop<W32>,
            _ => &Branches.Loop<W64>,
        });
    }

    // The counter's width is in the code's name only: LOOP_rel8_16_CX and so on.
    private static int RawLoopCounterBits(this in Instruction i) => i.Code switch
    {
        Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Loope_rel8_16_CX or Code.Loope_rel8_32_CX
            or Code.Loopne_rel8_16_CX or Code.Loopne_rel8_32_CX => 16,
        Code.Loop_rel8_16_ECX or Code.Loop_rel8_32_ECX or Code.Loop_rel8_64_ECX
            or Code.Loope_rel8_16_ECX or Code.Loope_rel8_32_ECX or Code.Loope_rel8_64_ECX
            or Code.Loopne_rel8_16_ECX or Code.Loopne_rel8_32_ECX or Code.Loopne_rel8_64_ECX => 32,
        _ => 64,
    };

    private static bool Transfer(in Instruction i, LoweringContext context, bool call)
    {
        Op* op = context.Op;
        switch (i.Op0Kind)
        {
            case OpKind.NearBranch64:
                Target(i, context);
                return context.Use(call ? &Branches.Call64 : &Branches.Jump);
            case OpKind.NearBranch32 or OpKind.NearBranch16:
                Target(i, context);
                return Legacy(context, call ? NearKind.Call : NearKind.Jump, i.Op0Kind == OpKind.NearBranch32 ? 4 : 2);
            case OpKind.FarBranch32 or OpKind.FarBranch16:
                op->Immediate = i.Op0Kind == OpKind.FarBranch32 ? i.FarBranch32 : i.FarBranch16;
                op->Displacement = i.FarBranchSelector;
                op->Extra = i.Op0Kind == OpKind.FarBranch32 ? (byte)4 : (byte)2;
                return context.Use(call ? &Transfers.FarCall : &Transfers.FarJump);
            case OpKind.Register:
                op->Source = Registers.OffsetOf(i.Op0Register);
                return context.Is64
                    ? context.Use(call ? &Branches.CallRegister64 : &Branches.JumpRegister64)
                    : Legacy(context, call ? NearKind.CallRegister : NearKind.JumpRegister, i.Op0Register.GetSize());
            default:
                return TransferMemory(i, context, call);
        }
    }

    private static bool TransferMemory(in Instruction i, LoweringContext context, bool call)
    {
        if (i.IsCallFarIndirect || i.IsJmpFarIndirect)
        {
            context.Op->Extra = i.MemorySize switch
            {
                MemorySize.SegPtr16 => 2,
                MemorySize.SegPtr32 => 4,
                _ => 8,
            };
            return context.Use(call ? &Transfers.FarCallMemory : &Transfers.FarJumpMemory);
        }

        return context.Is64
            ? context.Use(call ? &Branches.CallMemory64 : &Branches.JumpMemory64)
            : Legacy(context, call ? NearKind.CallMemory : NearKind.JumpMemory, i.MemorySize.GetSize());
    }

    private static bool Legacy(LoweringContext context, NearKind kind, int size)
    {
        context.Op->Extra = (byte)size;
        context.Op->Extra2 = (byte)kind;
        return context.Use(&Branches.Legacy);
    }
}
