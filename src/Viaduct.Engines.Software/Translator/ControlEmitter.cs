using Iced.Intel;
using Viaduct.Engines.Software.Decoding;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Emits stack operations, jumps, calls and returns.</summary>
internal sealed class ControlEmitter
{
    private const int First = HostRegisters.First;
    private const int Second = HostRegisters.Second;
    private const int StateRegister = HostRegisters.State;
    private const int Stack = HostRegisters.GuestRsp;
    private const int LessOrEqual = 14;

    private readonly HostAssembler _code;
    private readonly StubList _stubs;
    private readonly FlagKeeper _flags;
    private readonly OperandEmitter _operands;
    private readonly Thunks _thunks;

    internal ControlEmitter(HostAssembler code, StubList stubs, FlagKeeper flags, OperandEmitter operands, Thunks thunks)
    {
        _code = code;
        _stubs = stubs;
        _flags = flags;
        _operands = operands;
        _thunks = thunks;
    }

    internal void Push(in GuestInstruction guest, bool over)
    {
        _flags.PrepareToLose(guest.Written, over);
        Instruction i = guest.Instruction;
        int source = -1;
        if (i.Op0Kind == OpKind.Memory)
        {
            _operands.Address(i);
            source = _operands.LookUp(guest, 8, write: false, aligned: false);
            _code.Load(Second, First, 0);
            _code.Store(StateRegister, StateOffsets.Scratch, Second);
        }

        _code.Lea(First, Stack, -8);
        int stub = _operands.LookUp(guest, 8, write: true, aligned: false, source);
        switch (i.Op0Kind)
        {
            case OpKind.Memory:
                _code.Load(Second, StateRegister, StateOffsets.Scratch);
                _code.Store(First, 0, Second);
                break;
            case OpKind.Register:
                _code.Store(First, 0, _operands.Bring(InstructionKinds.NumberOf(i.Op0Register), Second));
                break;
            default:
                // MOV QWORD [r12], imm32
                _code.Memory(0xC7, 8, 0, First, 0);
                _code.Int32((int)i.GetImmediate(0));
                break;
        }

        _code.Lea(Stack, Stack, -8);
        Finish(guest, stub);
    }

    internal void Pop(in GuestInstruction guest, bool over)
    {
        _flags.PrepareToLose(guest.Written, over);
        _code.Move(First, Stack);
        int stub = _operands.LookUp(guest, 8, write: false, aligned: false);
        int number = InstructionKinds.NumberOf(guest.Instruction.Op0Register);
        _code.Lea(Stack, Stack, 8);
        if (HostRegisters.IsInState(number))
        {
            _code.Load(Second, First, 0);
            _code.Store(StateRegister, number * 8, Second);
        }
        else
        {
            _code.Load(HostRegisters.Of(number), First, 0);
        }

        Finish(guest, stub);
    }

    internal void LeaveFrame(in GuestInstruction guest, bool over)
    {
        _flags.PrepareToLose(guest.Written, over);
        _code.Move(First, HostRegisters.Rbp);
        int stub = _operands.LookUp(guest, 8, write: false, aligned: false);
        _code.Lea(Stack, HostRegisters.Rbp, 8);
        _code.Load(HostRegisters.Rbp, First, 0);
        Finish(guest, stub);
    }

    internal void ConditionalJump(in GuestInstruction guest)
    {
        _flags.BringToHost();
        int condition = (int)guest.Instruction.ConditionCode - (int)ConditionCode.o;
        _ = _stubs.Add(new Stub
        {
            FirstJump = _code.JumpIf(condition),
            Flags = _flags.Place,
            IsBranch = true,
            Op = guest.Ordinal,
            Target = (long)guest.Instruction.NearBranchTarget,
        });
    }

    /// <summary>JMP, and the end of a block that runs on.</summary>
    internal void Jump(long target, int ordinal)
    {
        _flags.BringToState();
        GoTo(target, ordinal);
    }

    internal void Call(in GuestInstruction guest)
    {
        _flags.BringToState();
        _code.Lea(First, Stack, -8);
        _ = _operands.LookUp(guest, 8, write: true, aligned: false);
        PushReturnAddress(guest);
        GoTo((long)guest.Instruction.NearBranchTarget, guest.Ordinal);
    }

    internal void Return(in GuestInstruction guest)
    {
        _flags.BringToState();
        _code.Move(First, Stack);
        int stub = _operands.LookUp(guest, 8, write: false, aligned: false);
        _code.Load(First, First, 0);
        CheckCanonical(stub);
        _code.Lea(Stack, Stack, 8 + (guest.Instruction.OpCount > 0 ? guest.Instruction.Immediate16 : 0));
        GoToFirst(guest.Ordinal);
    }

    internal void IndirectJump(in GuestInstruction guest)
    {
        _flags.BringToState();
        int stub = LoadTarget(guest);
        CheckCanonical(stub);
        GoToFirst(guest.Ordinal);
    }

    internal void IndirectCall(in GuestInstruction guest)
    {
        _flags.BringToState();
        int stub = LoadTarget(guest);
        CheckCanonical(stub);
        _code.Store(StateRegister, StateOffsets.Target, First);
        _code.Lea(First, Stack, -8);
        _ = _operands.LookUp(guest, 8, write: true, aligned: false);
        PushReturnAddress(guest);
        _code.Load(First, StateRegister, StateOffsets.Target);
        GoToFirst(guest.Ordinal);
    }

    /// <summary>A taken branch's stub.</summary>
    internal void Taken(in Stub stub)
    {
        _flags.Save(stub.Flags);
        GoTo(stub.Target, (int)stub.Op);
    }

    private int LoadTarget(in GuestInstruction guest)
    {
        Instruction i = guest.Instruction;
        if (i.Op0Kind == OpKind.Memory)
        {
            _operands.Address(i);
            int stub = _operands.LookUp(guest, 8, write: false, aligned: false);
            _code.Load(First, First, 0);
            return stub;
        }

        int number = InstructionKinds.NumberOf(i.Op0Register);
        int from = _operands.Bring(number, First);
        if (from != First)
        {
            _code.Move(First, from);
        }

        return _stubs.Add(new Stub { Flags = _flags.Place, Op = guest.Op });
    }

    // The interpreter raises what a jump to a non-canonical address raises.
    private void CheckCanonical(int stub)
    {
        _code.Move(Second, First);

        // SAR r13, 47; INC r13; CMP r13, 1
        _code.Byte(0x49);
        _code.Byte(0xC1);
        _code.Byte(0xFD);
        _code.Byte(47);
        _code.Byte(0x49);
        _code.Byte(0xFF);
        _code.Byte(0xC5);
        _code.Immediate(7, 8, Second, 1);
        _stubs[stub].ThirdJump = _code.JumpIf(HostAssembler.Above);
    }

    private void PushReturnAddress(in GuestInstruction guest)
    {
        _code.Load(Second, StateRegister, StateOffsets.CodeBase);
        _code.Lea(Second, Second, (int)guest.Instruction.NextIP);
        _code.Store(First, 0, Second);
        _code.Lea(Stack, Stack, -8);
    }

    // Counts, and goes on at a place from the start of this page. Flags are in the state.
    private void GoTo(long target, int ordinal)
    {
        _code.ImmediateMemory(5, 8, StateRegister, StateOffsets.Budget, (sbyte)ordinal);
        if (target is < 0 or >= CodePage.Size)
        {
            _code.Load(First, StateRegister, StateOffsets.CodeBase);
            if (target == (int)target)
            {
                _code.Lea(First, First, (int)target);
            }

            _code.Bind(_code.JumpIf(LessOrEqual), _thunks.LookUpLater);
            _code.JumpTo(_thunks.LookUp(_operands.AccessMode));
            return;
        }

        int late = _code.JumpIf(LessOrEqual);
        int jump = _code.Jump();
        _code.Bind(late, _code.Position);
        _code.Bind(jump, _code.Position);
        _code.LeaCode(Second, jump);
        _code.Load(First, StateRegister, StateOffsets.CodeBase);
        _code.Lea(First, First, (int)target);
        _code.JumpTo(_thunks.LeaveToTarget);
    }

    private void GoToFirst(int ordinal)
    {
        _code.ImmediateMemory(5, 8, StateRegister, StateOffsets.Budget, (sbyte)ordinal);
        _code.Bind(_code.JumpIf(LessOrEqual), _thunks.LookUpLater);
        _code.JumpTo(_thunks.LookUp(_operands.AccessMode));
    }

    private void Finish(in GuestInstruction guest, int stub)
    {
        _flags.Wrote(guest.Written);
        _stubs[stub].Resume = _code.Position;
    }
}
