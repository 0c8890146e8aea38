using Iced.Intel;
using Viaduct.Platform.Engines;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>Processors that start, interrupt and stop each other, and keep each other's translations in step.</summary>
public sealed class InterruptTests
{
    private const int Vector = 0x40;
    private const ulong Handler = ProcessorsMachine.Code + 0x9000;
    private const ulong Count = ProcessorsMachine.Data;
    private const ulong Acknowledged = ProcessorsMachine.Data + 0x100;
    private const ulong Wrong = ProcessorsMachine.Data + 0x200;
    private const ulong Barrier = ProcessorsMachine.Data + 0x300;

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, true)]
    [InlineData(16, true)]
    public void StartUp_BeginsEachProcessorOnce(int processors, bool translates)
    {
        using ProcessorsMachine machine = new(processors, translates);
        machine.Run(static code => code.@lock.inc(__qword_ptr[(rdi * 8) + (int)Count]));
        for (ulong i = 0; i < (ulong)processors; i++)
        {
            Assert.Equal(1UL, machine[Count + (i * 8)]);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PingPong_WakesWhoHalts(bool translates)
    {
        const int Rounds = 500;
        using ProcessorsMachine machine = new(2, translates);
        machine.SetGate(Vector, Handler);
        machine.Put(Handler, 64, static code =>
        {
            // Each processor counts what it was sent.
            code.inc(__qword_ptr[(rdi * 8) + (int)Count]);
            code.mov(__dword_ptr[rbx + 0xB0], 0);
            code.iretq();
        });
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label wait = code.CreateLabel();
            Label came = code.CreateLabel();
            Label second = code.CreateLabel();
            Label next = code.CreateLabel();
            code.cli();
            machine.EmitBarrier(code, Barrier);
            code.xor(r12d, r12d);
            code.Label(ref again);
            code.inc(r12d);
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
        });
        Assert.Equal((Rounds, Rounds), ((int)machine[Count], (int)machine[Count + 8]));

        static void Send(Assembler code)
        {
            code.mov(eax, edi);
            code.xor(eax, 1);
            code.shl(eax, 24);
            code.mov(__dword_ptr[rbx + 0x310], eax);
            code.mov(__dword_ptr[rbx + 0x300], Vector | 0x4000);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NonMaskable_ToAllButTheSender_ComesWithInterruptsOff(bool translates)
    {
        const int Rounds = 100;
        using ProcessorsMachine machine = new(4, translates);
        machine.SetGate(2, Handler);
        machine.Put(Handler, 64, static code =>
        {
            code.@lock.inc(__qword_ptr[Count]);
            code.iretq();
        });
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label wait = code.CreateLabel();
            Label done = code.CreateLabel();
            code.cli();
            machine.EmitBarrier(code, Barrier);
            code.test(edi, edi);
            code.jnz(done);
            code.mov(r12d, Rounds);
            code.xor(r13d, r13d);
            code.Label(ref again);
            code.mov(__dword_ptr[rbx + 0x300], 0xC4400);
            code.add(r13d, 3);
            code.Label(ref wait);
            code.pause();
            code.cmp(__dword_ptr[Count], r13d);
            code.jb(wait);
            code.dec(r12d);
            code.jnz(again);
            code.Label(ref done);
            machine.EmitBarrier(code, Barrier);
        });
        Assert.Equal(3UL * Rounds, machine[Count]);
    }

    [Theory]
    [InlineData(false, 0x9E3779B9)]
    [InlineData(true, 0x9E3779B9)]
    [InlineData(true, 0x85EBCA6B)]
    [InlineData(true, 0xC2B2AE35)]
    public void Storm_OfMessagesOfAllKinds_HarmsTheGuestAlone(bool translates, uint seed)
    {
        const int Rounds = 20_000;
        using ProcessorsMachine machine = new(4, translates);
        for (int vector = 0; vector < 256; vector++)
        {
            machine.SetGate(vector, Handler);
        }

        machine.Put(Handler, 64, static code =>
        {
            code.mov(__dword_ptr[rbx + 0xB0], 0);
            code.iretq();
        });
        CpuExit[] exits = machine.RunToAnyEnd(code =>
        {
            Label again = code.CreateLabel();
            code.sti();
            code.lea(r13d, __[rdi + 1]);
            code.imul(r13d, r13d, (int)seed);
            code.mov(r12d, Rounds);

            // Words of a xorshift, as they come: the destination, and what is sent there, INIT and start-up included.
            code.Label(ref again);
            code.mov(eax, r13d);
            code.shl(eax, 13);
            code.xor(r13d, eax);
            code.mov(eax, r13d);
            code.shr(eax, 17);
            code.xor(r13d, eax);
            code.mov(eax, r13d);
            code.shl(eax, 5);
            code.xor(r13d, eax);
            code.mov(__dword_ptr[rbx + 0x310], r13d);
            code.mov(eax, r13d);
            code.shr(eax, 7);
            code.mov(__dword_ptr[rbx + 0x300], eax);
            code.dec(r12d);
            code.jnz(again);
        });
        Assert.DoesNotContain(CpuExit.InternalError, exits);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ShootDown_AfterIt_NobodySeesTheOldPage(bool translates)
    {
        const int Rounds = 200;
        const int Processors = 4;
        const ulong Pages = ProcessorsMachine.Data + 0x10000;
        const ulong Generation = ProcessorsMachine.Data + 0x400;
        using ProcessorsMachine machine = new(Processors, translates);
        machine.SetGate(Vector, Handler);
        machine.Put(Handler, 64, static code =>
        {
            code.invlpg(__[r14]);
            code.@lock.inc(__qword_ptr[Acknowledged]);
            code.mov(__dword_ptr[rbx + 0xB0], 0);
            code.iretq();
        });
        machine.Map(0, Pages);
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label wait = code.CreateLabel();
            Label look = code.CreateLabel();
            Label fine = code.CreateLabel();
            Label done = code.CreateLabel();
            code.cli();
            code.mov(r14, ProcessorsMachine.Window);
            machine.EmitBarrier(code, Barrier);
            code.sti();
            code.xor(r12d, r12d);
            code.test(edi, edi);
            code.jnz(look);

            // The page of round n has n as its first word.
            code.Label(ref again);
            code.inc(r12d);
            code.mov(eax, r12d);
            code.and(eax, 1);
            code.shl(eax, 12);
            code.add(rax, (int)Pages);
            code.mov(__dword_ptr[rax], r12d);
            code.or(rax, 3);
            code.mov(__qword_ptr[ProcessorsMachine.WindowTable], rax);
            code.invlpg(__[r14]);
            code.mov(__qword_ptr[Acknowledged], 0);
            code.mov(__dword_ptr[rbx + 0x300], 0xC4000 | Vector);
            code.Label(ref wait);
            code.pause();
            code.cmp(__dword_ptr[Acknowledged], Processors - 1);
            code.jne(wait);
            code.mov(__dword_ptr[Generation], r12d);
            code.cmp(r12d, Rounds);
            code.jb(again);
            code.jmp(done);

            // Others read what the generation is, then the page: never less.
            code.Label(ref look);
            code.mov(eax, __dword_ptr[Generation]);
            code.mov(ecx, __dword_ptr[r14]);
            code.cmp(ecx, eax);
            code.jae(fine);
            code.@lock.inc(__qword_ptr[Wrong]);
            code.Label(ref fine);
            code.cmp(eax, Rounds);
            code.jb(look);
            code.Label(ref done);
        });
        Assert.Equal(0UL, machine[Wrong]);
    }
}
