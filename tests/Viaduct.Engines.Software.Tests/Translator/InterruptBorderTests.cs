using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Translator;

/// <summary>
/// An interrupt at every instruction border of a program: one is pending, and STI stands before each instruction in
/// turn, after which it must be taken. Its handler keeps where that was, the flags and a register. The program has no
/// instruction that leaves AF undefined before one that pushes or keeps flags.
/// </summary>
public sealed class InterruptBorderTests
{
    private const ulong Kept = TierMachine.Data + 0x100;
    private const uint ApicBase = 0x1B;
    private const uint Spurious = 0x80F;
    private const uint EndOfInterrupt = 0x80B;
    private const uint SelfInterrupt = 0x83F;

    private static readonly Action<Assembler>[] _program =
    [
        code => code.mov(rax, 0x7FFF_FFFF_FFFF_FFFF),
        code => code.add(rax, 1),
        code => code.mov(__qword_ptr[TierMachine.Data], rax),
        code => code.setl(bl),
        code => code.push(rax),
        code => code.sub(r12, rax),
        code => code.pop(r13),
        code => code.adc(__qword_ptr[TierMachine.Data], r12),
        code => code.cmp(r13, r12),
        Branch,
        code => code.cmovl(r9, rax),
        code => code.imul(r9, r13),
        code => code.pushfq(),
        code => code.movdqu(xmm3, __[TierMachine.Data]),
        code => code.pop(r11),
        CallNext,
        code => code.bswap(r10),
        code => code.xchg(__qword_ptr[TierMachine.Data + 8], r10),
        code => code.rol(r12, 5),
        code => code.lea(r8, __[r12 + (rax * 2) + 5]),
        code => code.div(r13),
        code => code.rep.stosb(),
        code => code.inc(__dword_ptr[TierMachine.Data + 4]),
        code => code.bt(r12, 7),
        code => code.sbb(rdx, rdx),
    ];

    public static TheoryData<int> Borders => [.. Enumerable.Range(0, _program.Length)];

    [Theory]
    [MemberData(nameof(Borders))]
    public void AnInterrupt_IsTakenAfterTheInstructionThatFollowsSti(int border)
    {
        Assert.SkipUnless(SoftwareEngineOptions.CanTranslate, "an x86-64 Linux translates");
        using TierMachine interpreted = Run(border, translates: false);
        using TierMachine translated = Run(border, translates: true);

        Assert.Equal(1UL, translated.Read(Kept));
        Assert.Equal(interpreted.Describe(), translated.Describe());
        Assert.True(translated.Translated > 0);
    }

    private static TierMachine Run(int border, bool translates)
    {
        TierMachine machine = new(translates);
        machine.Put(TierMachine.InterruptCode, static code =>
        {
            code.push(rax);
            code.push(rcx);
            code.push(rdx);
            code.inc(__qword_ptr[Kept]);
            code.mov(__qword_ptr[Kept + 8], rax);
            code.mov(rax, __qword_ptr[rsp + 24]);
            code.mov(__qword_ptr[Kept + 16], rax);
            code.mov(rax, __qword_ptr[rsp + 40]);
            code.mov(__qword_ptr[Kept + 24], rax);
            WriteMsr(code, EndOfInterrupt, 0);
            code.pop(rdx);
            code.pop(rcx);
            code.pop(rax);
            code.iretq();
        });
        machine.Run(code =>
        {
            WriteMsr(code, ApicBase, 0xFEE0_0D00);
            WriteMsr(code, Spurious, 0x1FF);
            WriteMsr(code, SelfInterrupt, TierMachine.Interrupt);
            code.mov(ecx, 20);
            code.mov(edi, (int)TierMachine.Data + 64);
            code.xor(edx, edx);
            for (int i = 0; i < _program.Length; i++)
            {
                if (i == border)
                {
                    code.sti();
                }

                _program[i](code);
            }
        });
        return machine;
    }

    private static void WriteMsr(Assembler code, uint msr, uint value)
    {
        code.mov(ecx, msr);
        code.mov(eax, value);
        code.xor(edx, edx);
        code.wrmsr();
    }

    private static void Branch(Assembler code)
    {
        Label over = code.CreateLabel();
        code.jne(over);
        code.nop();
        code.Label(ref over);
        code.mov(r11, r12);
    }

    private static void CallNext(Assembler code)
    {
        Label next = code.CreateLabel();
        code.call(next);
        code.Label(ref next);
        code.pop(r11);
    }
}
