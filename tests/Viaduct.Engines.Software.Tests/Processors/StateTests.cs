using Iced.Intel;
using Viaduct.Platform.State;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>Processors that are stopped wherever they are, and go on in another engine.</summary>
public sealed class StateTests
{
    private const int Vector = 0x40;
    private const int Rounds = 150;
    private const ulong Handler = ProcessorsMachine.Code + 0x9000;
    private const ulong Count = ProcessorsMachine.Data;
    private const ulong Sum = ProcessorsMachine.Data + 0x100;
    private const ulong Barrier = ProcessorsMachine.Data + 0x300;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Machine_CutAnywhere_GoesOnAsIfNothingWas(bool translates)
    {
        int cuts = 0;
        for (long at = 1; at < 200_000; at = (at * 5) + 11)
        {
            using ProcessorsMachine before = Machine(translates);
            if (before.RunToCut(code => Program(before, code), at) is not { } state)
            {
                continue;
            }

            cuts++;
            using ProcessorsMachine after = Machine(!translates);
            after.GoOn(before, state);
            Assert.Equal((Rounds, Rounds), ((int)after[Count], (int)after[Count + 8]));
            Assert.Equal((Rounds * (Rounds + 1UL), Rounds * (Rounds + 1UL)), (after[Sum], after[Sum + 8]));
        }

        Assert.True(cuts > 3, $"{cuts} cuts came before the program's end");
    }

    [Fact]
    public void State_CutShortOrOfOtherProcessors_IsRefused()
    {
        using ProcessorsMachine machine = Machine(translates: false);
        ReadOnlyMemory<byte> state = machine.RunToCut(code => Program(machine, code), 1) ?? throw new InvalidOperationException("the program was too short");
        using ProcessorsMachine larger = new(3, translates: false);
        Assert.Throws<StateException>(() => larger.GoOn(machine, state));
        for (int length = 0; length < state.Length; length += 331)
        {
            using ProcessorsMachine other = Machine(translates: false);
            Assert.Throws<StateException>(() => other.GoOn(machine, state[..length]));
        }
    }

    private static ProcessorsMachine Machine(bool translates)
    {
        ProcessorsMachine machine = new(2, translates);
        machine.SetGate(Vector, Handler);
        machine.Put(Handler, 64, static code =>
        {
            code.inc(__qword_ptr[(rdi * 8) + (int)Count]);
            code.mov(__dword_ptr[rbx + 0xB0], 0);
            code.iretq();
        });
        return machine;
    }

    // Two processors halt until the other's interrupt comes, and add up in SSE and x87 registers how often it came.
    private static void Program(ProcessorsMachine machine, Assembler code)
    {
        Label again = code.CreateLabel();
        Label wait = code.CreateLabel();
        Label came = code.CreateLabel();
        Label next = code.CreateLabel();
        code.cli();
        code.mov(rax, cr4);
        code.or(eax, 0x200);
        code.mov(cr4, rax);
        code.fninit();
        code.fldz();
        code.pxor(xmm5, xmm5);
        machine.EmitBarrier(code, Barrier);
        code.xor(r12d, r12d);
        code.Label(ref again);
        code.inc(r12d);
        code.movd(xmm3, r12d);
        code.paddq(xmm5, xmm3);
        code.mov(__dword_ptr[(rdi * 8) + (int)Sum], r12d);
        code.fiadd(__dword_ptr[(rdi * 8) + (int)Sum]);
        code.test(edi, edi);
        code.jnz(wait);
        Send(code);
        code.Label(ref wait);
        code.cmp(__dword_ptr[(rdi * 8) + (int)Count], r12d);
        code.jae(came);
        code.sti();
        code.hlt();
        code.cli();
        code.jmp(wait);
        code.Label(ref came);
        code.test(edi, edi);
        code.jz(next);
        Send(code);
        code.Label(ref next);
        code.cmp(r12d, Rounds);
        code.jb(again);
        code.fistp(__qword_ptr[(rdi * 8) + (int)Sum]);
        code.movq(rax, xmm5);
        code.add(__qword_ptr[(rdi * 8) + (int)Sum], rax);
    }

    private static void Send(Assembler code)
    {
        code.mov(eax, edi);
        code.xor(eax, 1);
        code.shl(eax, 24);
        code.mov(__dword_ptr[rbx + 0x310], eax);
        code.mov(__dword_ptr[rbx + 0x300], Vector | 0x4000);
    }
}
