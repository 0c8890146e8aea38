using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Lowering;
using Viaduct.Engines.Software.Mmu;

namespace Viaduct.Engines.Software.Translator;

/// <summary>
/// Makes host code of a decoded block. The host code follows the block's ops one to one, so that each instruction can
/// be left to its op and the block gone on with after it.
/// </summary>
internal sealed unsafe class BlockTranslator
{
    /// <summary>Bytes that a block may need at most.</summary>
    internal const int Reserve = 64 << 10;

    private const int MaxInstructions = 64;

    private readonly HostAssembler _code;
    private readonly StubList _stubs = new();
    private readonly FlagKeeper _flags;
    private readonly OperandEmitter _operands;
    private readonly InstructionEmitter _instructions;
    private readonly ControlEmitter _control;
    private readonly Thunks _thunks;
    private readonly PageCodeReader _reader = new();
    private readonly Decoder _decoder;
    private readonly GuestInstruction[] _block = new GuestInstruction[MaxInstructions];
    private readonly bool _yields;
    private bool _sseChecked;

    /// <param name="code">Where host code goes.</param>
    /// <param name="thunks">Code that all blocks share.</param>
    /// <param name="yields">Whether PAUSE may have another thread run.</param>
    internal BlockTranslator(HostAssembler code, Thunks thunks, bool yields)
    {
        _yields = yields;
        _code = code;
        _thunks = thunks;
        _flags = new FlagKeeper(code);
        _operands = new OperandEmitter(code, _stubs, _flags);
        _instructions = new InstructionEmitter(code, _stubs, _flags, _operands);
        _control = new ControlEmitter(code, _stubs, _flags, _operands, thunks);
        _decoder = Decoder.Create(64, _reader);
    }

    /// <summary>Translates a block.</summary>
    /// <param name="page">Its page.</param>
    /// <param name="offset">Where in the page it begins.</param>
    /// <param name="first">Its first instruction's op.</param>
    /// <param name="firstIndex">That op's index in the arena.</param>
    /// <param name="count">How many instructions it has.</param>
    /// <param name="runsOn">Whether an op follows them that leads on.</param>
    /// <returns>Where the host code begins, or −1 where guest memory no longer holds what was decoded.</returns>
    internal int Translate(CodePage* page, int offset, Op* first, uint firstIndex, int count, bool runsOn)
    {
        if (!TryDecode(page, offset, first, firstIndex, count))
        {
            return -1;
        }

        int start = _code.Position;
        _stubs.CutTo(0);
        _flags.SetInState();
        _operands.AccessMode = page->AccessMode;
        _sseChecked = false;
        bool open = true;
        for (int i = 0; i < count; i++)
        {
            open = Emit(i, count);
        }

        if (open)
        {
            // What follows the last instruction is the op that leads on. There is none where the instruction was a
            // jump when it was decoded, and another processor is changing it.
            Op* end = first + count;
            if (!runsOn || end->Extra == 0)
            {
                _control.Jump(runsOn ? (long)end->Immediate : (long)_block[count - 1].Instruction.NextIP, count);
            }
            else
            {
                Leave(firstIndex + (uint)count, goesOn: false);
            }
        }

        for (int i = 0; i < _stubs.Count; i++)
        {
            EmitStub(_stubs[i]);
        }

        return start;
    }

    private bool TryDecode(CodePage* page, int offset, Op* first, uint firstIndex, int count)
    {
        _reader.Set(page->Bytes + offset, CodePage.Size - offset);
        _decoder.IP = (ulong)offset;
        for (int i = 0; i < count; i++)
        {
            ref GuestInstruction guest = ref _block[i];
            _decoder.Decode(out guest.Instruction);
            Op* op = first + i;
            if ((void*)op->Handler == InstructionLowering.Undefined)
            {
                guest.Kind = TranslationKind.Left;
                guest.Flags = FlagUse.Merges;
                guest.MayLeave = true;
                guest.Written = 0;
            }
            else if (guest.Instruction.IsInvalid || guest.Instruction.Length != op->Length)
            {
                return false;
            }
            else
            {
                InstructionKinds.Sort(ref guest);
                if (_yields && guest.Instruction.Mnemonic == Mnemonic.Pause)
                {
                    guest.Kind = TranslationKind.Left;
                    guest.MayLeave = true;
                }
            }

            // System calls and interrupts have the flags in what they leave behind.
            bool keepsFlags = guest.Flags == FlagUse.None && (guest.Kind != TranslationKind.Left || guest.Instruction.FlowControl == FlowControl.Next);
            guest.Op = (firstIndex + (uint)i) | (keepsFlags ? Thunks.KeepsFlags : 0);
            guest.Ordinal = op->Ordinal;
        }

        return true;
    }

    // False where nothing follows.
    private bool Emit(int index, int count)
    {
        ref GuestInstruction guest = ref _block[index];
        bool over = IsOver(index, count);
        switch (guest.Kind)
        {
            case TranslationKind.Nothing:
                return true;
            case TranslationKind.Integer or TranslationKind.Vector:
                EmitOrLeave(guest, over);
                return true;
            case TranslationKind.Lea:
                _instructions.Lea(guest, over);
                return true;
            case TranslationKind.Push:
                _control.Push(guest, over);
                return true;
            case TranslationKind.Pop:
                _control.Pop(guest, over);
                return true;
            case TranslationKind.LeaveFrame:
                _control.LeaveFrame(guest, over);
                return true;
            case TranslationKind.ConditionalJump:
                _control.ConditionalJump(guest);
                return true;
            case TranslationKind.Jump:
                _control.Jump((long)guest.Instruction.NearBranchTarget, guest.Ordinal);
                return false;
            case TranslationKind.Call:
                _control.Call(guest);
                return false;
            case TranslationKind.IndirectJump:
                _control.IndirectJump(guest);
                return false;
            case TranslationKind.IndirectCall:
                _control.IndirectCall(guest);
                return false;
            case TranslationKind.Return:
                _control.Return(guest);
                return false;
            default:
                return LeaveInstruction(guest);
        }
    }

    private void EmitOrLeave(in GuestInstruction guest, bool over)
    {
        int position = _code.Position;
        int stubs = _stubs.Count;
        FlagPlace flags = _flags.Place;
        bool done = guest.Kind == TranslationKind.Integer
            ? _instructions.TryInteger(guest, over)
            : _instructions.TryVector(guest, over, ref _sseChecked);
        if (!done)
        {
            _code.Position = position;
            _stubs.CutTo(stubs);
            _flags.Place = flags;
            _ = LeaveInstruction(guest);
        }
    }

    private bool LeaveInstruction(in GuestInstruction guest)
    {
        // Ends of blocks that the instruction's kind doesn't show (a load of a segment, say) come back as another op.
        bool goesOn = guest.Instruction.FlowControl is FlowControl.Next or FlowControl.ConditionalBranch;
        Leave(guest.Op, goesOn);
        return goesOn;
    }

    private void Leave(uint op, bool goesOn)
    {
        _flags.BringToState();
        _code.MoveImmediate(HostRegisters.First, (int)(goesOn ? op : op | Thunks.LastOp));
        int resume = _code.Position;
        _code.LeaCode(HostRegisters.Second, 0);
        _code.JumpTo(_thunks.LeaveToInterpreter);
        int end = _code.Position;
        _code.Position = resume;
        _code.LeaCode(HostRegisters.Second, end);
        _code.Position = end;
        _flags.SetInState();
        _sseChecked = false;
    }

    // Whether nothing can see the flags that stand before an instruction once it is done.
    private bool IsOver(int index, int count)
    {
        for (int i = index + 1; i < count; i++)
        {
            ref GuestInstruction next = ref _block[i];
            if (next.Flags is FlagUse.Reads or FlagUse.Merges || next.MayLeave)
            {
                return false;
            }

            if (next.Flags == FlagUse.Writes)
            {
                return true;
            }
        }

        return false;
    }

    private void EmitStub(in Stub stub)
    {
        BindAll(stub);
        if (stub.IsBranch)
        {
            _control.Taken(stub);
            return;
        }

        _flags.Save(stub.Flags);
        _code.MoveImmediate(HostRegisters.First, (int)(stub.Resume != 0 ? stub.Op : stub.Op | Thunks.LastOp));
        if (stub.Resume == 0)
        {
            _code.JumpTo(_thunks.LeaveToInterpreter);
            return;
        }

        if (!stub.ResumesWithFlags)
        {
            _code.LeaCode(HostRegisters.Second, stub.Resume);
            _code.JumpTo(_thunks.LeaveToInterpreter);
            return;
        }

        int lea = _code.Position;
        _code.LeaCode(HostRegisters.Second, 0);
        _code.JumpTo(_thunks.LeaveToInterpreter);
        int resume = _code.Position;
        _code.Position = lea;
        _code.LeaCode(HostRegisters.Second, resume);
        _code.Position = resume;
        _flags.Restore();
        _code.JumpTo(stub.Resume);
    }

    private void BindAll(in Stub stub)
    {
        if (stub.FirstJump != 0)
        {
            _code.Bind(stub.FirstJump, _code.Position);
        }

        if (stub.SecondJump != 0)
        {
            _code.Bind(stub.SecondJump, _code.Position);
        }

        if (stub.ThirdJump != 0)
        {
            _code.Bind(stub.ThirdJump, _code.Position);
        }
    }
}
