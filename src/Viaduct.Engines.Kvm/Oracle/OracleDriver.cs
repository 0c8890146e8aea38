using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>The code at privilege level 3 around the cases.</summary>
internal static class OracleDriver
{
    private static readonly AssemblerRegister64[] _registers =
        [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    /// <summary>Makes the driver for <see cref="OracleLayout.DriverCode"/>.</summary>
    /// <param name="bytes">The code.</param>
    /// <returns>The address of the part that stores a case's state.</returns>
    public static ulong Assemble(out byte[] bytes)
    {
        Assembler code = new(64);
        Label next = code.CreateLabel();
        Label tail = code.CreateLabel();
        code.Label(ref next);
        EmitLoad(code);
        code.Label(ref tail);
        EmitStore(code);
        code.mov(__qword_ptr[OracleLayout.Vector], (int)OracleLayout.NoVector);
        code.mov(__qword_ptr[OracleLayout.ErrorCode], 0);
        code.mov(__qword_ptr[OracleLayout.FaultAddress], 0);
        code.mov(__qword_ptr[OracleLayout.FaultRip], 0);
        code.add(rax, CaseRecord.Length);
        code.mov(__qword_ptr[OracleLayout.CurrentRecord], rax);
        code.dec(__qword_ptr[OracleLayout.Remaining]);
        code.jne(next);
        code.@int((byte)OracleLayout.DoneVector);

        using MemoryStream stream = new();
        AssemblerResult result = code.Assemble(new StreamCodeWriter(stream), OracleLayout.DriverCode, BlockEncoderOptions.ReturnNewInstructionOffsets);
        bytes = stream.ToArray();
        return result.GetLabelRIP(tail);
    }

    // After the flags are loaded only moves may follow. RSP and RAX come last: the first makes the stack the case's, the second is the pointer.
    private static void EmitLoad(Assembler code)
    {
        code.mov(rax, __qword_ptr[OracleLayout.CurrentRecord]);
        code.fxrstor64(__[rax]);
        code.mov(rcx, __qword_ptr[rax + (MachineState.FlagsOffset + 8)]);
        code.mov(__qword_ptr[OracleLayout.Target], rcx);
        code.mov(esp, (uint)OracleLayout.DriverStackTop);
        code.push(__qword_ptr[rax + MachineState.FlagsOffset]);
        for (int i = 0; i < _registers.Length; i++)
        {
            if (_registers[i] != rax && _registers[i] != rsp)
            {
                code.mov(_registers[i], __qword_ptr[rax + RegisterOffset(i)]);
            }
        }

        code.popfq();
        code.mov(rsp, __qword_ptr[rax + RegisterOffset(4)]);
        code.mov(rax, __qword_ptr[rax + RegisterOffset(0)]);
        code.jmp(__qword_ptr[OracleLayout.Target]);
    }

    private static void EmitStore(Assembler code)
    {
        const int After = CaseRecord.AfterOffset;
        code.mov(__qword_ptr[OracleLayout.SavedRax], rax);
        code.mov(rax, __qword_ptr[OracleLayout.CurrentRecord]);
        code.mov(__qword_ptr[rax + (After + RegisterOffset(4))], rsp);
        code.mov(esp, (uint)OracleLayout.DriverStackTop);
        code.pushfq();
        code.pop(__qword_ptr[rax + (After + MachineState.FlagsOffset)]);
        for (int i = 0; i < _registers.Length; i++)
        {
            if (_registers[i] != rax && _registers[i] != rsp)
            {
                code.mov(__qword_ptr[rax + (After + RegisterOffset(i))], _registers[i]);
            }
        }

        code.mov(rcx, __qword_ptr[OracleLayout.SavedRax]);
        code.mov(__qword_ptr[rax + (After + RegisterOffset(0))], rcx);
        code.fxsave64(__[rax + After]);
        CopyVariable(code, OracleLayout.Vector, 0);
        CopyVariable(code, OracleLayout.ErrorCode, 8);
        CopyVariable(code, OracleLayout.FaultAddress, 16);
        CopyVariable(code, OracleLayout.FaultRip, 24);
    }

    private static void CopyVariable(Assembler code, ulong variable, int offset)
    {
        code.mov(rcx, __qword_ptr[variable]);
        code.mov(__qword_ptr[rax + (CaseRecord.VectorOffset + offset)], rcx);
    }

    private static int RegisterOffset(int index) => MachineState.RegistersOffset + (index * 8);
}
