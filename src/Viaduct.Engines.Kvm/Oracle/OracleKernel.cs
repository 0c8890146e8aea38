using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// The code at privilege level 0. It is as short as can be: hosts that offer KVM without hardware virtualization
/// interpret it, at microseconds an instruction.
/// </summary>
internal static class OracleKernel
{
    private const uint FsBaseMsr = 0xC000_0100;
    private const uint GsBaseMsr = 0xC000_0101;
    private const uint EferMsr = 0xC000_0080;

    /// <summary>Sets the processor up and goes to the driver.</summary>
    public static byte[] AssembleStart()
    {
        Assembler code = new(64);
        code.lgdt(__[OracleLayout.GdtPointer]);
        code.lidt(__[OracleLayout.IdtPointer]);
        code.mov(eax, (uint)OracleLayout.TaskSelector);
        code.ltr(ax);
        code.xor(eax, eax);
        code.mov(ds, ax);
        code.mov(es, ax);
        code.mov(fs, ax);
        code.mov(gs, ax);
        code.mov(rax, cr0);
        code.and(eax, ~0x4_000C);
        code.or(eax, 0x1_0022);
        code.mov(cr0, rax);
        code.mov(rax, cr4);
        code.or(eax, 0x600);
        code.mov(cr4, rax);
        code.mov(ecx, EferMsr);
        code.rdmsr();
        code.or(eax, 0x801);
        code.wrmsr();
        WriteMsr(code, FsBaseMsr, OracleLayout.FsBase);
        WriteMsr(code, GsBaseMsr, OracleLayout.GsBase);
        code.mov(rsp, OracleLayout.KernelStackTop);
        code.push(OracleLayout.UserDataSelector);
        code.push((int)OracleLayout.DriverStackTop);
        code.push(0x202);
        code.push(OracleLayout.UserCodeSelector);
        code.push((int)OracleLayout.DriverCode);
        code.iretq();
        return Emit(code, OracleLayout.KernelCode);
    }

    /// <summary>What an exception runs: it notes vector, error code, CR2 and instruction pointer, and goes on at the driver's tail with all registers as they were.</summary>
    public static byte[] AssembleEntry(int vector, ulong address, ulong tail)
    {
        const int PageFault = 14;
        Assembler code = new(64);
        if (vector is 8 or (>= 10 and <= 14) or 17 or 21 or 29 or 30)
        {
            code.pop(__qword_ptr[OracleLayout.ErrorCode]);
        }

        code.pop(__qword_ptr[OracleLayout.FaultRip]);
        if (vector == PageFault)
        {
            code.push(rax);
            code.mov(rax, cr2);
            code.mov(__qword_ptr[OracleLayout.FaultAddress], rax);
            code.pop(rax);
        }

        code.push((int)tail);
        code.mov(__dword_ptr[OracleLayout.Vector], vector);
        if (vector == 1)
        {
            code.and(__dword_ptr[rsp + 16], ~0x100);
        }

        code.iretq();
        return Emit(code, address);
    }

    /// <summary>What the driver's last software interrupt runs.</summary>
    public static byte[] AssembleDone(ulong address)
    {
        Assembler code = new(64);
        code.@out((byte)OracleLayout.DonePort, al);
        code.hlt();
        return Emit(code, address);
    }

    internal static byte[] Emit(Assembler code, ulong address)
    {
        using MemoryStream stream = new();
        code.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    private static void WriteMsr(Assembler code, uint msr, ulong value)
    {
        code.mov(ecx, msr);
        code.mov(eax, (uint)value);
        code.mov(edx, (uint)(value >> 32));
        code.wrmsr();
    }
}
