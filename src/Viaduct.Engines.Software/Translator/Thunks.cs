using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Code that all blocks share, at the start of the memory: in, out, and from one page to another.</summary>
internal sealed class Thunks
{
    /// <summary>What <see cref="Enter"/> returns where a jump led out: not an op's index.</summary>
    internal const uint LeftByJump = uint.MaxValue;

    /// <summary>In an op's index: the block does not go on after it.</summary>
    internal const uint LastOp = 1u << 31;

    private const int First = HostRegisters.First;
    private const int Second = HostRegisters.Second;
    private const int StateRegister = HostRegisters.State;

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
        LookUp = code.Position;
        EmitLookUp(code, LeaveToTarget);
    }

    /// <summary>Called with the state and where to go on.</summary>
    internal int Enter { get; }

    /// <summary>Gives an instruction to the interpreter: the first scratch register has the op, the second where to go on.</summary>
    internal int LeaveToInterpreter { get; }

    /// <summary>Leaves by a jump: the first scratch register has the linear address, the second the jump or null.</summary>
    internal int LeaveToTarget { get; }

    /// <summary>Leaves by a jump that can't be linked, since time is up.</summary>
    internal int LookUpLater { get; }

    /// <summary>Goes on at the linear address in the first scratch register, on whatever page.</summary>
    internal int LookUp { get; }

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

    private static void EmitLookUp(HostAssembler code, int leave)
    {
        const int Tag = 24;
        const int Translated = 16;
        code.Store(StateRegister, StateOffsets.Scratch, First);
        code.Registers(0x8B, 4, Second, First);

        // SHR r13d, 7
        code.Byte(0x41);
        code.Byte(0xC1);
        code.Byte(0xED);
        code.Byte(7);
        code.Immediate(4, 4, Second, (Mmu.CodeTlbEntry.Count - 1) << 5);
        code.Memory(0x33, 8, First, StateRegister, StateOffsets.CodeTag);
        code.Indexed(0x33, 8, First, StateRegister, Second, 0, StateBlock.CodeTlbOffset + Tag);
        code.Immediate(7, 8, First, 4095);
        int missed = code.JumpIf(HostAssembler.Above);
        code.Indexed(0x8B, 8, Second, StateRegister, Second, 0, StateBlock.CodeTlbOffset + Translated);
        code.Indexed(0x8B, 4, Second, Second, First, 2, 0);
        code.Registers(0x85, 4, Second, Second);
        int nowhere = code.JumpIf(HostAssembler.Zero);
        code.Load(First, StateRegister, StateOffsets.Scratch);
        code.Immediate(4, 8, First, -4096);
        code.Store(StateRegister, StateOffsets.CodeBase, First);
        code.LeaCode(First, 0);
        code.Registers(0x03, 8, Second, First);
        code.Byte(0x41);
        code.Byte(0xFF);
        code.Byte(0xE5);
        code.Bind(missed, code.Position);
        code.Bind(nowhere, code.Position);
        code.Load(First, StateRegister, StateOffsets.Scratch);
        code.MoveImmediate(Second, 0);
        code.JumpTo(leave);
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
