using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Translator;

/// <summary>Programs whose end must be the same translated and interpreted, to the last register, flag and instruction counted.</summary>
public sealed class TranslatedCodeTests
{
    [Fact]
    public void Chains_OfCallsLoopsAndIndirectJumps_AcrossPages_AreTheSame() => Same(static code =>
    {
        Label loop = code.CreateLabel();
        Label far = code.CreateLabel();
        Label table = code.CreateLabel();
        Label after = code.CreateLabel();
        code.mov(r12d, 20_000);
        code.xor(eax, eax);
        code.Label(ref loop);
        code.call(far);
        code.lea(rbx, __[table]);
        code.call(rbx);
        code.dec(r12);
        code.jnz(loop);
        code.jmp(after);
        code.Label(ref table);
        code.xor(r13, rax);
        code.ret();
        code.db(new byte[4096]);
        code.Label(ref far);
        code.push(r12);
        code.lea(rax, __[rax + (r12 * 4) + 3]);
        code.pop(r14);
        code.adc(r15, r14);
        code.ret();
        code.Label(ref after);
        code.mov(__qword_ptr[TierMachine.Data], r13);
    });

    [Fact]
    public void FaultInTheMiddle_FindsRegistersAndFlagsOfThatInstruction() => Same(static code =>
    {
        code.mov(eax, -1);
        code.mov(ecx, 1);
        code.add(eax, ecx);
        code.mov(r12, rcx);
        code.push(r12);
        code.mov(rdx, __qword_ptr[TierMachine.Missing]);
        code.add(ecx, 5);
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Flags_AcrossAccessesAndBlockBorders_AreKept(int way) => Same(code =>
    {
        Label next = code.CreateLabel();
        Label last = code.CreateLabel();
        code.mov(rax, 0x7FFF_FFFF_FFFF_FFFF);
        code.mov(rbx, 5);
        code.mov(r13, 0x80);
        switch (way)
        {
            case 0: code.add(rax, rbx); break;
            case 1: code.sub(rax, r13); break;
            case 2: code.cmp(r13, rbx); break;
            case 3: code.rol(rax, 1); break;
            case 4: code.neg(r13); break;
            case 5: code.add(al, bl); break;
            default: code.test(r13, 0x80); break;
        }

        // What the flags follow from is overwritten, and memory is accessed, before they are read.
        code.mov(__qword_ptr[TierMachine.Data], rax);
        code.mov(rax, __qword_ptr[TierMachine.Data]);
        code.mov(r13, rax);
        code.mov(rbx, rax);
        code.jmp(next);
        code.nop();
        code.Label(ref next);
        code.pushfq();
        code.pop(__qword_ptr[TierMachine.Data + 8]);
        code.setl(cl);
        code.inc(rdx);
        code.cmovc(rsi, rax);
        code.adc(__qword_ptr[TierMachine.Data + 16], rbx);
        code.jb(last);
        code.sbb(rdi, rdi);
        code.Label(ref last);
        code.pushfq();
    });

    [Fact]
    public void CodeThatChangesItself_IsSeenByTheNextInstruction() => Same(static code =>
    {
        Label loop = code.CreateLabel();
        Label patched = code.CreateLabel();
        code.mov(ecx, 50);
        code.Label(ref loop);
        code.lea(rbx, __[patched]);
        code.mov(__byte_ptr[rbx + 2], cl);
        code.add(r8, r9);
        code.Label(ref patched);
        code.add(r9, (sbyte)1);
        code.dec(ecx);
        code.jnz(loop);
    });

    [Fact]
    public void CodeOfAnotherPage_ThatChangesBetweenCalls_IsSeen() => Same(static code =>
    {
        Label loop = code.CreateLabel();
        Label far = code.CreateLabel();
        Label after = code.CreateLabel();
        code.mov(ecx, 50);
        code.Label(ref loop);
        code.lea(rbx, __[far]);
        code.mov(__byte_ptr[rbx + 3], cl);
        code.call(far);
        code.call(rbx);
        code.dec(ecx);
        code.jnz(loop);
        code.jmp(after);
        code.db(new byte[4096]);
        code.Label(ref far);
        code.add(r9, (sbyte)1);
        code.ret();
        code.Label(ref after);
        code.mov(rax, r9);
    });

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void CodeAndDataOfAPageThatIsMappedAnew_AreThoseOfThePageThere(bool invalidates, bool global) => Same(code =>
    {
        const ulong First = 0x10_0000;
        Label loop = code.CreateLabel();
        code.mov(rax, cr4);
        code.or(eax, 0x80);
        code.mov(cr4, rax);

        // MOV EAX, 1 or 2; RET, on two pages.
        code.mov(rax, 0xC3_0000_0001_B8);
        code.mov(__qword_ptr[First], rax);
        code.add(rax, 0x100);
        code.mov(__qword_ptr[First + 0x1000], rax);
        code.mov(rcx, 200);
        code.mov(edx, (int)First | 3 | (global ? 0x100 : 0));
        code.mov(rbx, TierMachine.Window);
        code.Label(ref loop);
        code.mov(__qword_ptr[TierMachine.WindowEntry], rdx);
        code.xor(edx, 0x1000);
        if (invalidates)
        {
            code.invlpg(__[rbx]);
        }
        else
        {
            code.mov(rax, cr3);
            code.mov(cr3, rax);
        }

        code.call(rbx);
        code.lea(r9, __[rax + (r9 * 2)]);
        code.add(r10, __qword_ptr[rbx]);
        code.call(rbx);
        code.add(r11, rax);
        code.dec(rcx);
        code.jnz(loop);
    });

    [Fact]
    public void InstructionAcrossPages_IsTheSame() => Same(static code =>
    {
        Label loop = code.CreateLabel();
        code.mov(ecx, 100);
        code.jmp(loop);
        code.db(new byte[4096 - 10 - 8]);
        code.Label(ref loop);
        code.mov(rax, 0x1122_3344_5566_7788);
        code.add(rbx, rax);
        code.dec(ecx);
        code.jnz(loop);
    });

    [Fact]
    public void SseAndMisalignedOperands_AreTheSame() => Same(static code =>
    {
        code.mov(eax, 0x0102_0304);
        code.movd(xmm1, eax);
        code.pshufd(xmm9, xmm1, 0x1B);
        code.movdqu(__[TierMachine.Data + 3], xmm9);
        code.paddb(xmm9, xmm1);
        code.pmovmskb(r12d, xmm9);
        code.movdqa(__[TierMachine.Data + 32], xmm9);
        code.cmp(eax, 3);
        code.pxor(xmm9, __xmmword_ptr[TierMachine.Data + 8]);
    });

    private static void Same(Action<Assembler> program)
    {
        Assert.SkipUnless(SoftwareEngineOptions.CanTranslate, "an x86-64 Linux translates");
        using TierMachine interpreted = new(translates: false);
        using TierMachine translated = new(translates: true);
        interpreted.Run(program);
        translated.Run(program);

        Assert.Equal(interpreted.Describe(), translated.Describe());
        Assert.True(translated.Translated > 0);
    }
}
