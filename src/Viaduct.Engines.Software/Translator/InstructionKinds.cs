using Iced.Intel;
using Viaduct.Engines.Software.Lowering;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Sorts instructions by how they are translated, and finds what they do with flags and registers.</summary>
internal static class InstructionKinds
{
    private const RflagsBits Arithmetic = RflagsBits.CF | RflagsBits.PF | RflagsBits.AF | RflagsBits.ZF | RflagsBits.SF | RflagsBits.OF;

    internal static void Sort(ref GuestInstruction guest)
    {
        ref Instruction i = ref guest.Instruction;
        guest.Kind = KindOf(i);
        guest.Flags = FlagsOf(i);
        bool memory = HasMemory(i);
        guest.MayLeave = guest.Kind is not (TranslationKind.Nothing or TranslationKind.Lea)
            && (guest.Kind != TranslationKind.Integer || memory);
        guest.Written = WrittenBy(i);
    }

    /// <summary>Whether there is an explicit operand in memory.</summary>
    internal static bool HasMemory(in Instruction i)
    {
        for (int operand = 0; operand < i.OpCount; operand++)
        {
            if (i.GetOpKind(operand) == OpKind.Memory)
            {
                return true;
            }
        }

        return false;
    }

    private static TranslationKind KindOf(in Instruction i)
    {
        if (HasMemory(i) && !HasPlainAddress(i))
        {
            return i.Mnemonic is Mnemonic.Nop ? TranslationKind.Nothing : TranslationKind.Left;
        }

        switch (i.Mnemonic)
        {
            case Mnemonic.Nop or Mnemonic.Endbr64 or Mnemonic.Pause:
                return TranslationKind.Nothing;
            case Mnemonic.Mov or Mnemonic.Movnti:
                return IsGeneral(i) ? TranslationKind.Integer : TranslationKind.Left;
            case Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd
                or Mnemonic.Add or Mnemonic.Or or Mnemonic.Adc or Mnemonic.Sbb or Mnemonic.And or Mnemonic.Sub or Mnemonic.Xor
                or Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg or Mnemonic.Not
                or Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
                or Mnemonic.Shld or Mnemonic.Shrd
                or Mnemonic.Bsf or Mnemonic.Bsr or Mnemonic.Tzcnt or Mnemonic.Lzcnt
                or Mnemonic.Mul or Mnemonic.Imul
                or Mnemonic.Cbw or Mnemonic.Cwde or Mnemonic.Cdqe or Mnemonic.Cwd or Mnemonic.Cdq or Mnemonic.Cqo
                or Mnemonic.Xchg or Mnemonic.Xadd or Mnemonic.Cmpxchg
                or Mnemonic.Clc or Mnemonic.Stc or Mnemonic.Cmc:
                return IsGeneral(i) ? TranslationKind.Integer : TranslationKind.Left;
            case Mnemonic.Bswap:
                return i.Code == Code.Bswap_r16 ? TranslationKind.Left : TranslationKind.Integer;
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc:
                // A register's bit number reaches beyond a memory operand.
                return IsGeneral(i) && (i.Op0Kind != OpKind.Memory || i.Op1Kind != OpKind.Register)
                    ? TranslationKind.Integer
                    : TranslationKind.Left;
            case Mnemonic.Lea:
                return i.Op0Register.GetSize() >= 4 ? TranslationKind.Lea : TranslationKind.Left;
            case Mnemonic.Push:
                return i.StackPointerIncrement == -8 && (i.Op0Kind != OpKind.Register || i.Op0Register.IsGPR64())
                    ? TranslationKind.Push
                    : TranslationKind.Left;
            case Mnemonic.Pop:
                return i.StackPointerIncrement == 8 && i.Op0Kind == OpKind.Register && i.Op0Register.IsGPR64()
                    ? TranslationKind.Pop
                    : TranslationKind.Left;
            case Mnemonic.Leave:
                return i.Code == Code.Leaveq ? TranslationKind.LeaveFrame : TranslationKind.Left;
            case Mnemonic.Jmp:
                return i.Op0Kind switch
                {
                    OpKind.NearBranch64 => TranslationKind.Jump,
                    OpKind.Register when i.Op0Register.IsGPR64() => TranslationKind.IndirectJump,
                    OpKind.Memory when i.Code == Code.Jmp_rm64 => TranslationKind.IndirectJump,
                    _ => TranslationKind.Left,
                };
            case Mnemonic.Call:
                return i.Op0Kind switch
                {
                    OpKind.NearBranch64 => TranslationKind.Call,
                    OpKind.Register when i.Op0Register.IsGPR64() => TranslationKind.IndirectCall,
                    OpKind.Memory when i.Code == Code.Call_rm64 => TranslationKind.IndirectCall,
                    _ => TranslationKind.Left,
                };
            case Mnemonic.Ret:
                return i.Code is Code.Retnq or Code.Retnq_imm16 ? TranslationKind.Return : TranslationKind.Left;
        }

        if (i.IsJccShortOrNear)
        {
            return i.Op0Kind == OpKind.NearBranch64 ? TranslationKind.ConditionalJump : TranslationKind.Left;
        }

        if (i.IsSetcc() || i.IsCmovcc())
        {
            return IsGeneral(i) ? TranslationKind.Integer : TranslationKind.Left;
        }

        return VectorKinds.IsTranslated(i) ? TranslationKind.Vector : TranslationKind.Left;
    }

    // The address is made of 64-bit registers, and a displacement that fits.
    private static bool HasPlainAddress(in Instruction i)
    {
        bool registers = i.MemoryBase is Register.None or Register.RIP || i.MemoryBase.IsGPR64();
        return registers
            && (i.MemoryIndex == Register.None || i.MemoryIndex.IsGPR64())
            && (i.MemoryBase == Register.None && i.MemoryIndex == Register.None
                ? i.MemoryDisplSize is 4 or 8
                : (long)i.MemoryDisplacement64 == (int)i.MemoryDisplacement64);
    }

    // Registers are general ones, and AH to BH have no memory operand beside them, whose address would need REX.
    private static bool IsGeneral(in Instruction i)
    {
        bool memory = HasMemory(i);
        for (int operand = 0; operand < i.OpCount; operand++)
        {
            if (i.GetOpKind(operand) != OpKind.Register)
            {
                continue;
            }

            Register register = i.GetOpRegister(operand);
            if (!register.IsGPR() || (memory && register is >= Register.AH and <= Register.BH))
            {
                return false;
            }
        }

        return true;
    }

    private static FlagUse FlagsOf(in Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Shld or Mnemonic.Shrd:
                return ShiftCount(i) > 0 ? FlagUse.Writes : FlagUse.Merges;
            case Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr:
                return FlagUse.Merges;
        }

        RflagsBits modified = i.RflagsModified & Arithmetic;
        RflagsBits read = i.RflagsRead & Arithmetic;
        return modified == 0
            ? read == 0 ? FlagUse.None : FlagUse.Reads
            : modified == Arithmetic && read == 0 ? FlagUse.Writes : FlagUse.Merges;
    }

    // Zero where it is, or may be, nothing.
    private static int ShiftCount(in Instruction i)
    {
        int last = i.OpCount - 1;
        if (i.GetOpKind(last) == OpKind.Register)
        {
            return 0;
        }

        int size = IntegerLowering.SizeOf(i, 0);
        return (int)i.GetImmediate(last) & (size == 8 ? 63 : 31);
    }

    private static int WrittenBy(in Instruction i)
    {
        int written = i.StackPointerIncrement != 0 || i.Mnemonic == Mnemonic.Leave ? 1 << HostRegisters.Rsp : 0;
        for (int operand = 0; operand < i.OpCount && operand < 2; operand++)
        {
            if (i.GetOpKind(operand) == OpKind.Register && i.GetOpRegister(operand).IsGPR())
            {
                written |= 1 << NumberOf(i.GetOpRegister(operand)) & (IsWritten(i, operand) ? -1 : 0);
            }
        }

        return i.Mnemonic switch
        {
            Mnemonic.Mul or Mnemonic.Cwd or Mnemonic.Cdq or Mnemonic.Cqo => written | (1 << HostRegisters.Rax) | (1 << HostRegisters.Rdx),
            Mnemonic.Imul when i.OpCount == 1 => written | (1 << HostRegisters.Rax) | (1 << HostRegisters.Rdx),
            Mnemonic.Cbw or Mnemonic.Cwde or Mnemonic.Cdqe or Mnemonic.Cmpxchg => written | (1 << HostRegisters.Rax),
            Mnemonic.Leave => written | (1 << HostRegisters.Rbp),
            _ => written,
        };
    }

    /// <summary>Whether an operand is written, or may be.</summary>
    internal static bool IsWritten(in Instruction i, int operand) => operand == 0
        ? i.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Bt or Mnemonic.Push or Mnemonic.Call or Mnemonic.Jmp)
        : operand == 1 && i.Mnemonic is Mnemonic.Xchg or Mnemonic.Xadd;

    /// <summary>The number of the general register that a register is part of.</summary>
    internal static int NumberOf(Register register) => register.GetFullRegister() - Register.RAX;
}
