using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Code that all blocks share, at the start of the memory: in, out, and from one page to another.</summary>
internal sealed class Thunks
{
    /// <summary>What <see cref="Enter"/> returns where a jump led out: not an op's index.</summary>
    internal const uint LeftByJump = uint.MaxValue;

    /// <summary>In an op's index: the block does not go on after it.</summary>
    internal const uint LastOp = 1u << 31;

    /// <summary>In an op's index: the op neither needs nor changes the arithmetic flags.</summary>
    internal const uint KeepsFlags = 1u << 30;

    private const int First = HostRegisters.First;
    private const int Second = HostRegisters.Second;
    private const int StateRegister = HostRegisters.State;

    private readonly int _lookUpUser;
    private readonly int _lookUpSupervisor;

    internal Thunks(HostAssembler code)
    {
        Enter = code.Position;
        EmitEnter(code);
        LeaveToInterpreter = code.Position;
        code.Store(StateRegister, StateOffsets.Resume, Second);
        EmitLeave(code, jumped: false);
        LeaveToTarget = code.Position;
        code.Store(StateRegister, StateOffsets.Resume, Second);
        code.Store(StateRegister, StateOffsets.Target, First);
        EmitLeave(code, jumped: true);
        LookUpLater = code.Position;
        code.MoveImmediate(Second, 0);
        code.JumpTo(LeaveToTarget);
        _lookUpSupervisor = code.Position;
        EmitLookUp(code, TlbEntry.Supervisor, LeaveToTarget);
        _lookUpUser = code.Position;
        EmitLookUp(code, TlbEntry.User, LeaveToTarget);
    }

    /// <summary>Called with the state and where to go on.</summary>
    internal int Enter { get; }

    /// <summary>Gives an instruction to the interpreter: the first scratch register has the op, the second where to go on.</summary>
    internal int LeaveToInterpreter { get; }

    /// <summary>Leaves by a jump: the first scratch register has the linear address, the second the jump or null.</summary>
    internal int LeaveToTarget { get; }

    /// <summary>Leaves by a jump that can't be linked, since time is up.</summary>
    internal int LookUpLater { get; }

    /// <summary>What goes on at the linear address in the first scratch register, on whatever page, for code of a privilege.</summary>
    internal int LookUp(ulong accessMode) => accessMode == TlbEntry.User ? _lookUpUser : _lookUpSupervisor;

    private static void EmitEnter(HostAssembler code)
    {
        const int Rdi = 7;
        const int Rsi = 6;
        Push(code, HostRegisters.Rbx);
        Push(code, HostRegisters.Rbp);
        Push(code, First);
        Push(code, Second);
        Push(code, StateRegister);
        Push(code, HostRegisters.GuestRsp);
        code.Move(StateRegister, Rdi);
        code.Move(Second, Rsi);
        for (int guest = 0; guest < 12; guest++)
        {
            code.Load(HostRegisters.Of(guest), StateRegister, guest * 8);
        }

        // JMP r13
        code.Byte(0x41);
        code.Byte(0xFF);
        code.Byte(0xE5);
    }

    private static void EmitLeave(HostAssembler code, bool jumped)
    {
        for (int guest = 0; guest < 12; guest++)
        {
            code.Store(StateRegister, guest * 8, HostRegisters.Of(guest));
        }

        if (jumped)
        {
            code.MoveImmediate(HostRegisters.Rax, -1);
        }
        else
        {
            code.Move(HostRegisters.Rax, First);
        }

        Pop(code, HostRegisters.GuestRsp);
        Pop(code, StateRegister);
        Pop(code, Second);
        Pop(code, First);
        Pop(code, HostRegisters.Rbp);
        Pop(code, HostRegisters.Rbx);
        code.Byte(0xC3);
    }

    private static void EmitLookUp(HostAssembler code, ulong accessMode, int leave)
    {
        const int Code = 8;
        int jumps = StateBlock.OffsetOfJumps(accessMode);
        IndexJump(code, Second);
        code.Indexed(0x3B, 8, First, StateRegister, Second, 3, jumps);
        int missed = code.JumpIf(HostAssembler.NotZero);
        code.Indexed(0x8B, 8, Second, StateRegister, Second, 3, jumps + Code);
        code.Immediate(4, 8, First, -4096);
        code.Store(StateRegister, StateOffsets.CodeBase, First);
        JumpSecond(code);
        code.Bind(missed, code.Position);
        EmitPageLookUp(code, accessMode, leave);

        // What was found is kept for the next time.
        Push(code, HostRegisters.Rax);
        IndexJump(code, HostRegisters.Rax);
        code.Indexed(0x89, 8, First, StateRegister, HostRegisters.Rax, 3, jumps);
        code.Indexed(0x89, 8, Second, StateRegister, HostRegisters.Rax, 3, jumps + Code);
        Pop(code, HostRegisters.Rax);
        code.Immediate(4, 8, First, -4096);
        code.Store(StateRegister, StateOffsets.CodeBase, First);
        JumpSecond(code);
    }

    // The code's address into the second scratch register, by the tables of code pages and of their blocks.
    private static void EmitPageLookUp(HostAssembler code, ulong accessMode, int leave)
    {
        const int Tag = 24;
        const int Translated = 16;
        int table = StateBlock.OffsetOfCodeTlb(accessMode);
        code.Store(StateRegister, StateOffsets.Scratch, First);
        code.Registers(0x8B, 4, Second, First);
        code.ShiftRight(Second, 7);
        code.Immediate(4, 4, Second, (CodeTlbEntry.Count - 1) << 5);
        code.Indexed(0x33, 8, First, StateRegister, Second, 0, table + Tag);
        code.Immediate(7, 8, First, 4095);
        int missed = code.JumpIf(HostAssembler.Above);
        code.Indexed(0x8B, 8, Second, StateRegister, Second, 0, table + Translated);
        code.Indexed(0x8B, 4, Second, Second, First, 2, 0);
        code.Registers(0x85, 4, Second, Second);
        int found = code.JumpIf(HostAssembler.NotZero);
        code.Bind(missed, code.Position);
        code.Load(First, StateRegister, StateOffsets.Scratch);
        code.MoveImmediate(Second, 0);
        code.JumpTo(leave);
        code.Bind(found, code.Position);
        code.LeaCode(First, 0);
        code.Registers(0x03, 8, Second, First);
        code.Load(First, StateRegister, StateOffsets.Scratch);
    }

    // Two for each entry: an index is scaled by eight at most.
    private static void IndexJump(HostAssembler code, int register)
    {
        code.Registers(0x8B, 4, register, First);
        code.ShiftRight(register, 7);
        code.Registers(0x33, 4, register, First);
        code.Immediate(4, 4, register, (JumpEntry.Count - 1) << 1);
    }

    private static void JumpSecond(HostAssembler code)
    {
        // JMP r13
        code.Byte(0x41);
        code.Byte(0xFF);
        code.Byte(0xE5);
    }

    private static void Push(HostAssembler code, int register)
    {
        code.Byte(0x40 | (register >> 3));
        code.Byte(0x50 | (register & 7));
    }

    private static void Pop(HostAssembler code, int register)
    {
        code.Byte(0x40 | (register >> 3));
        code.Byte(0x58 | (register & 7));
    }
}
