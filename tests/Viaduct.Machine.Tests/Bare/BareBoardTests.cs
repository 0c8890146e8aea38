using Iced.Intel;
using Viaduct.Machine.Tests.Hostile;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>What a guest without an operating system finds on the board.</summary>
public sealed class BareBoardTests
{
    private const uint Ecam = 0xE000_0000;
    private const uint Apic = 0xFEE0_0000;
    private const byte Vector = 0x15;

    [Fact]
    public void SerialPort_PrintsWhatIsSent() => BareMachine.RunWell(c => c.End("ok"));

    [Fact]
    public void Port_ThatIsNothing_ReadsAllOnes() => BareMachine.RunWell(c =>
    {
        c.A.xor(eax, eax);
        c.A.mov(edx, 0x5678);
        c.A.@in(eax, dx);
        c.Expect(0xFFFF_FFFF, "empty port");
        c.End("ok");
    });

    [Fact]
    public void Mmio_ThatIsNothing_ReadsAllOnes_AndTheIoApicAnswers() => BareMachine.RunWell(c =>
    {
        c.A.mov(edi, 0xFED0_0000);
        c.A.mov(rax, __[rdi]);
        c.Expect(ulong.MaxValue, "empty MMIO");
        c.A.mov(edi, 0xFEC0_0000);
        c.A.mov(__dword_ptr[rdi], 1);
        c.A.mov(eax, __[rdi + 0x10]);
        c.A.shr(eax, 16);
        c.Expect(23, "I/O APIC's last input");
        c.End("ok");
    });

    [Fact]
    public void ConfigSpace_IsTheSameByEcamAndByPorts()
    {
        using HostileDisk disk = new();
        BareMachine.RunWell(
            c =>
            {
                // The interrupt line of 00:01.0, written by ports, read by ECAM, and its IDs the other way round.
                const uint Port = 0x8000_0800;
                c.A.mov(edx, 0xCF8);
                c.A.mov(eax, Port | 0x3C);
                c.A.@out(dx, eax);
                c.A.mov(edx, 0xCFC);
                c.A.mov(al, 0x5A);
                c.A.@out(dx, al);
                c.A.mov(edi, Ecam + (1 << 15));
                c.A.movzx(eax, __byte_ptr[rdi + 0x3C]);
                c.Expect(0x5A, "interrupt line");
                c.A.mov(edx, 0xCF8);
                c.A.mov(eax, Port);
                c.A.@out(dx, eax);
                c.A.mov(edx, 0xCFC);
                c.A.@in(eax, dx);
                c.A.mov(ecx, eax);
                c.A.xor(eax, __[rdi]);
                c.Expect(0, "IDs");
                c.A.inc(ecx);
                c.A.setz(al);
                c.Expect(0, "a device");
                c.End("ok");
            },
            disk.Emulated);
    }

    [Fact]
    public void NvmeCompletion_InterruptsByMsix()
    {
        using HostileDisk disk = new();
        BareMachine.RunWell(
            c =>
            {
                BareNvme nvme = new(c);
                BarePci.EnableApic(c);
                nvme.Enable();
                BarePci.FillEntry(c, BareNvme.Table, 0, Vector);
                BarePci.EnableMsix(c);
                nvme.Send(6, BareNvme.Buffer, 1, 0);
                c.A.sti();
                c.Halt();
                c.Handler(Vector);
                c.A.mov(edi, BareNvme.Buffer);
                c.A.movzx(eax, __byte_ptr[rdi + 512]);
                c.Expect(0x66, "identify data");
                c.End("ok");
            },
            disk.Emulated);
    }

    [Fact]
    public void TripleFault_EndsTheMachine_AndSaysWhere()
    {
        (MachineExit exit, _) = BareMachine.Run(c =>
        {
            c.A.mov(edi, 0x30_0000);
            c.A.mov(__word_ptr[rdi], 0);
            c.A.lidt(__[rdi]);
            c.A.mov(__word_ptr[rdi + 0x123], 0x0B0F);
            c.A.add(edi, 0x123);
            c.A.jmp(rdi);
        });
        Assert.Equal(MachineExitReason.TripleFault, exit.Reason);
        Assert.Contains("300123", exit.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void ResetPort_EndsTheMachineWithAReset()
    {
        (MachineExit exit, _) = BareMachine.Run(c =>
        {
            c.A.mov(edx, 0xCF9);
            c.A.mov(al, 6);
            c.A.@out(dx, al);
            c.Halt();
        });
        Assert.Equal(MachineExitReason.Reset, exit.Reason);
    }

    [Theory]
    [InlineData(0xFED0_0000UL)]
    [InlineData(0xE000_0000UL)]
    [InlineData(0xFEE0_0000UL)]
    [InlineData(0x10_0000_0000UL)]
    public void Jump_IntoRegisters_IsAFaultThatTheGuestSees(ulong address) => BareMachine.RunWell(c =>
    {
        c.A.mov(rax, address);
        c.A.jmp(rax);
        c.Handler(13);
        c.End("ok");
    });

    [Fact]
    public void Code_ThatRunsOffTheEndOfMemory_Faults() => BareMachine.RunWell(c =>
    {
        // The last bytes of 64 MiB: NOP, and an instruction whose end would be beyond.
        c.A.mov(edi, 0x3FF_FFFD);
        c.A.mov(__byte_ptr[rdi], unchecked((sbyte)0x90));
        c.A.mov(__word_ptr[rdi + 1], unchecked((short)0xB890));
        c.A.jmp(rdi);
        c.Handler(13);
        c.A.pop(rax);
        c.A.pop(rax);
        c.Expect(0x3FF_FFFF, "RIP");
        c.End("ok");
    });

    [Theory]
    [InlineData(0xFED0_0000UL)]
    [InlineData(0xE000_0000UL)]
    [InlineData(0x3F_FFFF_F000UL)]
    public void PageTables_InRegistersOrNowhere_EndInATripleFault(ulong address)
    {
        (MachineExit exit, _) = BareMachine.Run(c =>
        {
            c.A.mov(rax, address);
            c.A.mov(cr3, rax);
            c.Halt();
        });
        Assert.Equal(MachineExitReason.TripleFault, exit.Reason);
    }

    [Fact]
    public void PageTableEntries_ThatPointToRegisters_Fault() => BareMachine.RunWell(c =>
    {
        // 512 GiB to 1 TiB: tables in the I/O APIC.
        c.A.mov(rdi, cr3);
        c.A.mov(__dword_ptr[rdi + 8], 0xFEC0_0007);
        c.A.mov(rax, 0x80_0000_0000);
        c.A.mov(rax, __[rax]);
        c.Handler(14);
        c.A.pop(rax);
        c.Expect(9, "error code: present, reserved bits");
        c.End("ok");
    });

    [Fact]
    public void Stack_InRegisters_IsWrittenAndReadAsRegistersAre() => BareMachine.RunWell(c =>
    {
        c.A.mov(rbp, rsp);
        c.A.mov(esp, 0xFED0_0800);
        c.A.push(1);
        c.A.pop(rax);
        c.A.mov(rsp, rbp);
        c.Expect(ulong.MaxValue, "what was popped");
        c.A.mov(esp, 0xE000_0010);
        c.A.sub(rsp, 0x10);
        c.A.pushfq();
        c.A.mov(rsp, rbp);
        c.End("ok");
    });

    [Fact]
    public void Exception_WithTheStackInEmptyRegisters_IsLostAndReturnsNowhere() => BareMachine.RunWell(c =>
    {
        c.A.mov(esp, 0xFED0_0800);
        c.A.ud2();
        c.Handler(6);
        c.A.pop(rax);
        c.A.mov(esp, (int)BareGuest.DefaultBase + BareGuest.StackOffset);
        c.Expect(ulong.MaxValue, "what was pushed");
        c.End("ok");
    });

    [Fact]
    public void WideAccess_ToTheLocalApic_ReadsNothingOfTheMonitors() => BareMachine.RunWell(c =>
    {
        c.A.mov(edi, Apic + 0x20);
        c.A.movups(xmm0, __[rdi]);
        c.A.psrldq(xmm0, 8);
        c.A.movq(rax, xmm0);
        c.Expect(0, "upper half");
        c.End("ok");
    });
}
