using Iced.Intel;
using Viaduct.Machine.Tests.Bare;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>Guests that never come to an end by themselves, and give their engine no rest: they can be stopped.</summary>
public sealed class EndlessGuestTests
{
    private const uint Apic = 0xFEE0_0000;
    private const uint Ecam = 0xE000_0000;
    private const byte SelfVector = 0x15;

    [Fact]
    public void Loop_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.Forever(() => { });
    });

    [Fact]
    public void HaltWithInterruptsOff_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.Halt();
    });

    [Fact]
    public void InvalidInstructionThatReturnsToItself_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.A.ud2();
        c.Handler(6);
        c.A.iretq();
    });

    [Fact]
    public void InvalidInstructionInItsOwnHandler_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        // The stack goes round in 64 KiB so that it never runs out.
        c.Print("go");
        c.A.ud2();
        c.Handler(6);
        c.A.mov(rsp, BareGuest.DefaultBase + BareGuest.StackOffset);
        c.A.ud2();
    });

    [Fact]
    public void PageFaultThatIsNeverMended_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.A.mov(rax, 0x0000_7FFF_0000_0000);
        c.A.mov(rbx, __[rax]);
        c.Handler(14);
        c.A.add(rsp, 8);
        c.A.iretq();
    });

    [Fact]
    public void InterruptsToItselfWithoutEnd_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        EnableApic(c);
        c.A.sti();
        SendToSelf(c);
        c.Halt();
        c.Handler(SelfVector);
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0xB0], 0);
        SendToSelf(c);
        c.A.iretq();
    });

    [Fact]
    public void NonMaskableInterruptsToItselfWithoutEnd_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        EnableApic(c);
        SendNonMaskable(c);
        c.Halt();
        c.Handler(2);
        c.A.mov(rsp, BareGuest.DefaultBase + BareGuest.StackOffset);
        SendNonMaskable(c);
        Label next = c.A.CreateLabel();
        c.A.push(0x18);
        c.A.push((int)BareGuest.DefaultBase + BareGuest.StackOffset);
        c.A.pushfq();
        c.A.push(BareGuest.CodeSelector);
        c.A.lea(rax, __[next]);
        c.A.push(rax);
        c.A.iretq();
        c.Place(ref next);
        c.Halt();
    });

    [Fact]
    public void TimerAtItsFastest_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        EnableApic(c);
        c.A.mov(__dword_ptr[rdi + 0x3E0], 0xB);
        c.A.mov(__dword_ptr[rdi + 0x320], (1 << 17) | SelfVector);
        c.A.mov(__dword_ptr[rdi + 0x380], 1);
        c.A.sti();
        c.Halt();
        c.Handler(SelfVector);
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0xB0], 0);
        c.A.iretq();
    });

    [Fact]
    public void SingleSteppingWithoutEnd_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.A.pushfq();
        c.A.or(__qword_ptr[rsp], 0x100);
        c.A.popfq();
        c.Forever(() => c.A.nop());
        c.Handler(1);
        c.A.iretq();
    });

    [Fact]
    public void CodeThatWritesItself_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        Label target = c.A.CreateLabel();
        Label again = c.A.CreateLabel();
        c.Print("go");
        c.A.lea(rdi, __[target]);
        c.A.Label(ref again);
        c.A.inc(__byte_ptr[rdi + 1]);
        c.A.Label(ref target);
        c.A.mov(al, 0);
        c.A.jmp(again);
    });

    [Fact]
    public void CodeThatWritesItselfAcrossAPage_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        // MOV EAX, imm32; JMP R8 at the last three bytes of a page, its immediate's end and the jump on the next.
        const uint Page = 0x30_0000;
        Label again = c.A.CreateLabel();
        c.Print("go");
        c.A.mov(edi, Page - 3);
        c.A.mov(__byte_ptr[rdi], unchecked((sbyte)0xB8));
        c.A.mov(__dword_ptr[rdi + 5], 0x00E0_FF41);
        c.A.lea(r8, __[again]);
        c.A.Label(ref again);
        c.A.inc(ebx);
        c.A.mov(__[rdi + 1], ebx);
        c.A.jmp(rdi);
    });

    [Fact]
    public void NewCodeEachTime_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        // Fills 16 MiB with single-byte returns and calls each of them.
        Label again = c.A.CreateLabel();
        c.Print("go");
        c.A.mov(edi, 0x100_0000);
        c.A.mov(ecx, 0x100_0000);
        c.A.mov(al, unchecked((sbyte)0xC3));
        c.A.rep.stosb();
        c.A.mov(ebx, 0x100_0000);
        c.A.Label(ref again);
        c.A.call(rbx);
        c.A.inc(ebx);
        c.A.and(ebx, 0x1FF_FFFF);
        c.A.or(ebx, 0x100_0000);
        c.A.jmp(again);
    });

    [Fact]
    public void RepeatedMoveOverRegisters_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.Forever(() =>
        {
            c.A.mov(esi, Ecam);
            c.A.mov(edi, 0xFED0_0000);
            c.A.mov(rcx, 0x7FFF_FFFF_FFFF_FFFF);
            c.A.rep.movsb();
        });
        c.Handler(14);
        c.A.add(rsp, 8);
        c.A.iretq();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RepeatedMoveWithinRegisters_CanBeStopped(bool compare) => BareMachine.RunUntilStopped(c =>
    {
        // Backwards and forwards by the 64-bit count that never runs out, over addresses that wrap nowhere.
        c.Print("go");
        c.A.mov(rsi, 0x10_0000_0000);
        c.A.mov(rdi, 0x20_0000_0000);
        c.A.mov(rcx, -1);
        if (compare)
        {
            c.A.repe.cmpsb();
        }
        else
        {
            c.A.rep.movsb();
        }

        c.Halt();
    });

    [Fact]
    public void RepeatedPortInput_CanBeStopped() => BareMachine.RunUntilStopped(c =>
    {
        c.Print("go");
        c.A.mov(edx, 0x3F9);
        c.A.mov(rdi, 0x20_0000_0000);
        c.A.mov(rcx, -1);
        c.A.rep.insb();
        c.Halt();
    });

    [Fact]
    public void BarsThatMoveWithoutEnd_CanBeStopped()
    {
        using HostileDisk disk = new();
        BareMachine.RunUntilStopped(
            c =>
            {
                // The bridge at 00:01.0 and the function behind it, whose address jumps between RAM and elsewhere.
                c.Print("go");
                c.A.mov(rdi, Ecam + (1UL << 20));
                c.A.mov(esi, Ecam + (1 << 15));
                c.A.mov(__dword_ptr[rsi + 0x20], 0xFFF0_0000);
                c.A.mov(__dword_ptr[rsi + 4], 7);
                c.A.mov(__dword_ptr[rdi + 0x14], 0);
                c.A.mov(__dword_ptr[rdi + 4], 7);
                c.Forever(() =>
                {
                    c.A.add(ebx, 0x10_0000);
                    c.A.mov(__[rdi + 0x10], ebx);
                    c.A.mov(eax, __[rbx]);
                });
            },
            disk.Emulated);
    }

    private static void EnableApic(BareCode c)
    {
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0xF0], 0x1FF);
    }

    private static void SendToSelf(BareCode c)
    {
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0x300], (1 << 18) | SelfVector);
    }

    private static void SendNonMaskable(BareCode c)
    {
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0x310], 0);
        c.A.mov(__dword_ptr[rdi + 0x300], 4 << 8);
    }
}
