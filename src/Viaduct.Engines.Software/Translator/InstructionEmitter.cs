using Iced.Intel;
using Viaduct.Engines.Software.Lowering;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Emits instructions that the host has as well: the same one, on the host's registers and memory.</summary>
internal sealed unsafe class InstructionEmitter
{
    private const int First = HostRegisters.First;
    private const int Second = HostRegisters.Second;
    private const int StateRegister = HostRegisters.State;

    private readonly HostAssembler _code;
    private readonly StubList _stubs;
    private readonly FlagKeeper _flags;
    private readonly OperandEmitter _operands;
    private readonly Encoder _encoder;

    internal InstructionEmitter(HostAssembler code, StubList stubs, FlagKeeper flags, OperandEmitter operands)
    {
        _code = code;
        _stubs = stubs;
        _flags = flags;
        _operands = operands;
        _encoder = Encoder.Create(64, new AssemblerWriter(code));
    }

    /// <summary>An integer instruction with explicit operands. False where the host's encoder refuses.</summary>
    /// <param name="guest">The instruction.</param>
    /// <param name="over">Whether nothing can see the flags of before once it is done.</param>
    internal bool TryInteger(in GuestInstruction guest, bool over)
    {
        Instruction host = guest.Instruction;
        PlainCode(ref host);
        bool memory = InstructionKinds.HasMemory(host);
        bool needsFlags = guest.Flags is FlagUse.Reads or FlagUse.Merges;
        int stub = -1;
        if (memory)
        {
            if (needsFlags)
            {
                _flags.BringToState();
            }

            _flags.PrepareToLose(guest.Written, over || guest.Flags == FlagUse.Writes);
            _operands.Address(guest.Instruction);
            bool write = guest.Instruction.Op0Kind == OpKind.Memory ? InstructionKinds.IsWritten(guest.Instruction, 0) : host.Mnemonic is Mnemonic.Xchg;
            stub = _operands.LookUp(guest, guest.Instruction.MemorySize.GetSize(), write, aligned: false);
            if (needsFlags)
            {
                _flags.Restore();
            }

            PointToHost(ref host);
        }
        else if (needsFlags)
        {
            _flags.BringToHost();
        }
        else if (guest.Flags == FlagUse.None)
        {
            _flags.PrepareToWrite(guest.Written, over);
        }

        Replaced replaced = Replace(ref host, guest.Instruction, memory);
        if (!TryEncode(host))
        {
            return false;
        }

        WriteBack(guest.Instruction, replaced);
        Finish(guest, stub);
        return true;
    }

    /// <summary>LEA.</summary>
    internal void Lea(in GuestInstruction guest, bool over)
    {
        _flags.PrepareToWrite(guest.Written, over);
        int number = InstructionKinds.NumberOf(guest.Instruction.Op0Register);
        int size = guest.Instruction.Op0Register.GetSize();
        bool inState = HostRegisters.IsInState(number);
        int to = inState ? First : HostRegisters.Of(number);
        _operands.Offset(guest.Instruction, to, size);
        if (inState)
        {
            _code.Store(StateRegister, number * 8, to);
        }

        _flags.Wrote(guest.Written);
    }

    /// <summary>An SSE instruction. XMM registers are in the state; it works on copies in the host's first two.</summary>
    internal bool TryVector(in GuestInstruction guest, bool over, ref bool sseChecked)
    {
        Instruction host = guest.Instruction;
        bool memory = InstructionKinds.HasMemory(host);
        int stub = -1;
        if (memory || !sseChecked)
        {
            _flags.PrepareToLose(guest.Written, over);
        }
        else
        {
            _flags.PrepareToWrite(guest.Written, over);
        }

        if (!sseChecked)
        {
            _code.ImmediateMemory(7, 8, StateRegister, StateOffsets.SseBlocked, 0);
            stub = _stubs.Add(new Stub { FirstJump = _code.JumpIf(HostAssembler.NotZero), Flags = _flags.Place, Op = guest.Op });
            sseChecked = true;
        }

        if (memory)
        {
            _operands.Address(guest.Instruction);
            bool aligned = VectorKinds.NeedsAlignment(host);
            int look = _operands.LookUp(guest, host.MemorySize.GetSize(), VectorKinds.Stores(host), aligned);
            PointToHost(ref host);
            if (stub >= 0)
            {
                _stubs[look].ThirdJump = _stubs[stub].FirstJump;
                _stubs[stub] = _stubs[look];
                _stubs.CutTo(look);
            }
            else
            {
                stub = look;
            }
        }

        Replaced replaced = Replace(ref host, guest.Instruction, memory);
        LoadVectors(ref host);
        if (!TryEncode(host))
        {
            return false;
        }

        if (guest.Instruction.Op0Kind == OpKind.Register && guest.Instruction.Op0Register.IsXMM())
        {
            const int MovupsStore = 0x0F11;
            _code.Memory(MovupsStore, 4, 0, StateRegister, Slot(guest.Instruction.Op0Register));
        }

        WriteBack(guest.Instruction, replaced);
        Finish(guest, stub);
        return true;
    }

    private static int Slot(Register vector) => StateOffsets.Xmm + ((vector - Register.XMM0) * 16);

    private void LoadVectors(ref Instruction host)
    {
        const int MovupsLoad = 0x0F10;
        for (int operand = 0; operand < host.OpCount && operand < 2; operand++)
        {
            if (host.GetOpKind(operand) != OpKind.Register || !host.GetOpRegister(operand).IsXMM())
            {
                continue;
            }

            _code.Memory(MovupsLoad, 4, operand, StateRegister, Slot(host.GetOpRegister(operand)));
            host.SetOpRegister(operand, Register.XMM0 + operand);
        }
    }

    // What happens to the flags with the instruction, and how the interpreter's way joins.
    private void Finish(in GuestInstruction guest, int stub)
    {
        switch (guest.Flags)
        {
            case FlagUse.Writes:
                _flags.SetInHost(SourceOf(guest.Instruction));
                break;
            case FlagUse.Merges:
                _flags.SetInHost(FlagSource.None);
                break;
            default:
                _flags.Wrote(guest.Written);
                break;
        }

        if (stub >= 0)
        {
            _stubs[stub].Resume = _code.Position;
            _stubs[stub].ResumesWithFlags = guest.Flags is FlagUse.Writes or FlagUse.Merges;
        }
    }

    // Registers in the state are worked on in scratch ones.
    private Replaced Replace(ref Instruction host, in Instruction guest, bool memory)
    {
        Replaced replaced = new() { FirstGuest = -1, SecondGuest = -1 };
        for (int operand = 0; operand < host.OpCount; operand++)
        {
            if (host.GetOpKind(operand) != OpKind.Register || !host.GetOpRegister(operand).IsGPR())
            {
                continue;
            }

            Register register = guest.GetOpRegister(operand);
            int number = InstructionKinds.NumberOf(register);
            if (register is >= Register.AH and <= Register.BH || (!HostRegisters.IsInState(number) && number != HostRegisters.Rsp))
            {
                continue;
            }

            int to = HostRegisters.GuestRsp;
            if (number != HostRegisters.Rsp)
            {
                to = replaced.SecondGuest == number || replaced.SecondGuest < 0 ? Second : First;
                if (to == Second ? replaced.SecondGuest < 0 : replaced.FirstGuest < 0)
                {
                    _code.Load(to, StateRegister, number * 8);
                }

                if (to == Second)
                {
                    replaced.SecondGuest = number;
                }
                else
                {
                    replaced.FirstGuest = number;
                }
            }

            host.SetOpRegister(operand, Sized(register, to));
        }

        return replaced;
    }

    private void WriteBack(in Instruction guest, Replaced replaced)
    {
        for (int operand = 0; operand < guest.OpCount && operand < 2; operand++)
        {
            if (guest.GetOpKind(operand) != OpKind.Register || !guest.GetOpRegister(operand).IsGPR() || !InstructionKinds.IsWritten(guest, operand))
            {
                continue;
            }

            int number = InstructionKinds.NumberOf(guest.GetOpRegister(operand));
            if (number == replaced.SecondGuest)
            {
                _code.Store(StateRegister, number * 8, Second);
            }
            else if (number == replaced.FirstGuest)
            {
                _code.Store(StateRegister, number * 8, First);
            }
        }
    }

    private bool TryEncode(in Instruction host) =>
        _encoder.TryEncode(host, (ulong)_code.Address(_code.Position), out _, out _);

    private static void PointToHost(ref Instruction host)
    {
        host.MemoryBase = Register.R12;
        host.MemoryIndex = Register.None;
        host.MemoryIndexScale = 1;
        host.MemoryDisplacement64 = 0;
        host.MemoryDisplSize = 0;
        host.SegmentPrefix = Register.None;
    }

    // Forms that the host would take otherwise, or that can't have another operand.
    private static void PlainCode(ref Instruction host) => host.Code = host.Code switch
    {
        Code.Tzcnt_r16_rm16 => Code.Bsf_r16_rm16,
        Code.Tzcnt_r32_rm32 => Code.Bsf_r32_rm32,
        Code.Tzcnt_r64_rm64 => Code.Bsf_r64_rm64,
        Code.Lzcnt_r16_rm16 => Code.Bsr_r16_rm16,
        Code.Lzcnt_r32_rm32 => Code.Bsr_r32_rm32,
        Code.Lzcnt_r64_rm64 => Code.Bsr_r64_rm64,
        Code.Mov_AL_moffs8 => Code.Mov_r8_rm8,
        Code.Mov_AX_moffs16 => Code.Mov_r16_rm16,
        Code.Mov_EAX_moffs32 => Code.Mov_r32_rm32,
        Code.Mov_RAX_moffs64 => Code.Mov_r64_rm64,
        Code.Mov_moffs8_AL => Code.Mov_rm8_r8,
        Code.Mov_moffs16_AX => Code.Mov_rm16_r16,
        Code.Mov_moffs32_EAX => Code.Mov_rm32_r32,
        Code.Mov_moffs64_RAX => Code.Mov_rm64_r64,
        Code.Xchg_r16_AX => Code.Xchg_rm16_r16,
        Code.Xchg_r32_EAX => Code.Xchg_rm32_r32,
        Code.Xchg_r64_RAX => Code.Xchg_rm64_r64,
        Code code => code,
    };

    private static Register Sized(Register like, int number) => like.GetSize() switch
    {
        1 => Register.R8L + (number - 8),
        2 => Register.AX + number,
        4 => Register.EAX + number,
        _ => Register.RAX + number,
    };

    // How the flags can be had again after an instruction that set them all.
    private static FlagSource SourceOf(in Instruction i)
    {
        FlagSourceKind kind = i.Mnemonic switch
        {
            Mnemonic.Cmp => FlagSourceKind.Compare,
            Mnemonic.Test or Mnemonic.And or Mnemonic.Or or Mnemonic.Xor => FlagSourceKind.Test,
            Mnemonic.Add => FlagSourceKind.Add,
            Mnemonic.Sub => FlagSourceKind.Subtract,
            _ => FlagSourceKind.None,
        };
        if (kind == FlagSourceKind.None || i.Op0Kind != OpKind.Register || IsHigh(i.Op0Register))
        {
            return FlagSource.None;
        }

        int size = i.Op0Register.GetSize();
        int left = InstructionKinds.NumberOf(i.Op0Register);
        if (i.Mnemonic is Mnemonic.And or Mnemonic.Or or Mnemonic.Xor)
        {
            return new FlagSource(FlagSourceKind.Test, size, left, left, 0);
        }

        if (i.Op1Kind == OpKind.Memory || (i.Op1Kind == OpKind.Register && IsHigh(i.Op1Register)))
        {
            return FlagSource.None;
        }

        int right = i.Op1Kind == OpKind.Register ? InstructionKinds.NumberOf(i.Op1Register) : -1;
        return right == left && kind is FlagSourceKind.Add or FlagSourceKind.Subtract
            ? FlagSource.None
            : new FlagSource(kind, size, left, right, right < 0 ? (int)i.GetImmediate(1) : 0);
    }

    private static bool IsHigh(Register register) => register is >= Register.AH and <= Register.BH;

    /// <summary>Which guest registers of the state the scratch registers hold.</summary>
    private struct Replaced
    {
        internal int FirstGuest;
        internal int SecondGuest;
    }
}
