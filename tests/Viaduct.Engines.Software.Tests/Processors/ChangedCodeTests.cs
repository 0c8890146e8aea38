using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>Code that one processor writes and others run (Intel SDM vol. 3A 9.1.3).</summary>
public sealed class ChangedCodeTests
{
    private const ulong Function = ProcessorsMachine.Data + 0x10000;
    private const ulong Generation = ProcessorsMachine.Data;
    private const ulong Wrong = ProcessorsMachine.Data + 0x100;
    private const ulong Seen = ProcessorsMachine.Data + 0x200;
    private const ulong Barrier = ProcessorsMachine.Data + 0x300;
    private const uint MoveImmediate = 0xB8;
    private const byte Return = 0xC3;

    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(4, true)]
    public void AnInstructionThatIsReplaced_IsTheNewOneAfterSerializing(int processors, bool translates)
    {
        const int Rounds = 400;
        using ProcessorsMachine machine = new(processors, translates);
        machine.Put(Function, 64, static code =>
        {
            code.nop();
            code.nop();
            code.nop();
            code.mov(eax, 0);
            code.ret();
        });
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label wait = code.CreateLabel();
            Label look = code.CreateLabel();
            Label fine = code.CreateLabel();
            Label done = code.CreateLabel();
            code.mov(r14d, (int)Function);
            machine.EmitBarrier(code, Barrier);
            code.xor(r12d, r12d);
            code.test(edi, edi);
            code.jnz(look);

            // The immediate, aligned, becomes the generation; somebody has to have run it before the next.
            code.Label(ref again);
            code.inc(r12d);
            code.mov(__dword_ptr[r14 + 4], r12d);
            code.mov(__dword_ptr[Generation], r12d);
            code.Label(ref wait);
            code.pause();
            code.cmp(__dword_ptr[Seen], r12d);
            code.jb(wait);
            code.cmp(r12d, Rounds);
            code.jb(again);
            code.jmp(done);

            code.Label(ref look);
            code.mov(r13d, __dword_ptr[Generation]);
            code.mov(eax, 0);
            code.cpuid();
            code.call(r14);
            code.cmp(eax, r13d);
            code.jae(fine);
            code.@lock.inc(__qword_ptr[Wrong]);
            code.Label(ref fine);
            code.mov(__dword_ptr[Seen], eax);
            code.cmp(r13d, Rounds);
            code.jb(look);
            code.Label(ref done);
        });
        Assert.Equal(0UL, machine[Wrong]);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(4, true)]
    public void FunctionsBehindThoseThatRun_AreRunAsTheyWereWritten(int processors, bool translates)
    {
        const int Rounds = 2000;
        const int Bytes = 8;
        using ProcessorsMachine machine = new(processors, translates);
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label look = code.CreateLabel();
            Label fine = code.CreateLabel();
            Label done = code.CreateLabel();
            code.mov(r14d, (int)Function);
            machine.EmitBarrier(code, Barrier);
            code.xor(r12d, r12d);
            code.test(edi, edi);
            code.jnz(look);

            // MOV EAX, n; RET: one after the other, and the number of the last is told.
            code.Label(ref again);
            code.mov(__byte_ptr[r14 + (r12 * Bytes)], MoveImmediate);
            code.lea(eax, __[r12 + 1]);
            code.mov(__dword_ptr[r14 + (r12 * Bytes) + 1], eax);
            code.mov(__byte_ptr[r14 + (r12 * Bytes) + 5], Return);
            code.inc(r12d);
            code.mov(__dword_ptr[Generation], r12d);
            code.cmp(r12d, Rounds);
            code.jb(again);
            code.jmp(done);

            code.Label(ref look);
            code.pause();
            code.mov(r13d, __dword_ptr[Generation]);
            code.test(r13d, r13d);
            code.jz(look);
            code.lea(rcx, __[r14 + (r13 * Bytes) - Bytes]);
            code.call(rcx);
            code.cmp(eax, r13d);
            code.je(fine);
            code.@lock.inc(__qword_ptr[Wrong]);
            code.Label(ref fine);
            code.cmp(r13d, Rounds);
            code.jb(look);
            code.Label(ref done);
        });
        Assert.Equal(0UL, machine[Wrong]);
    }
}
