using Iced.Intel;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.Engines;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>How processors begin, run and end.</summary>
public sealed class ProcessorTests
{
    private const ulong StartUpPage = 0x7000;

    [Fact]
    public void Processors_StartByMessages()
    {
        // 16-bit: mov dx, ReportPort; mov eax, cs (its segment says where it began); out dx, eax; hlt
        byte[] start = [0xBA, (byte)SmallGuest.ReportPort, 0, 0x66, 0x31, 0xC0, 0x8C, 0xC8, 0x66, 0xEF, 0xF4];
        using SmallGuest guest = new(
            c =>
            {
                const uint Everyone = 0xC_0000;
                const uint Init = 0x4500;
                const uint StartUp = 0x4600;
                c.EnableX2Apic();
                c.WriteMsr(0x830, Everyone | Init);
                c.WriteMsr(0x830, Everyone | StartUp | (uint)(StartUpPage >> 12));
                c.Halt();
            },
            cpus: 3,
            prepare: guest => Place(guest, StartUpPage, start));
        guest.Start();
        Assert.True(SpinWait.SpinUntil(() => guest.Reports.Count == 2, TimeSpan.FromSeconds(30)), guest.Engine.Cpus[1].Describe());
        guest.Stop();
        Assert.Equal((uint[])[(uint)StartUpPage >> 4, (uint)StartUpPage >> 4], guest.Reports);
    }

    [Fact]
    public void Processor_IsStopped_WhateverItDoes()
    {
        // The first loops without an exit, the second waits to be started.
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                c.Report(1);
                Label again = c.A.CreateLabel();
                c.A.Label(ref again);
                c.A.jmp(again);
            },
            cpus: 2);
        guest.Start();
        Assert.True(SpinWait.SpinUntil(() => !guest.Reports.IsEmpty, TimeSpan.FromSeconds(30)));

        // Nor does it hold up the collector of garbage.
        GC.Collect();
        guest.Stop();
        Assert.All(guest.Engine.Cpus, cpu => Assert.Equal("stopped", cpu.Describe()));
    }

    [Fact]
    public void Processor_StoppedBeforeItRuns_ReturnsAtOnce()
    {
        using SmallGuest guest = new(c => c.Halt(), cpus: 2);
        foreach (IVirtualCpu cpu in guest.Engine.Cpus)
        {
            cpu.Stop();
            Assert.Equal(CpuExit.Stopped, cpu.Run());
        }
    }

    [Fact]
    public void Processor_ThatIsGone_CanStillBeToldToStop()
    {
        SmallGuest guest = new(c => c.Halt());
        IVirtualCpu cpu = guest.Engine.Cpus[0];
        guest.Dispose();
        cpu.Stop();
    }

    [Fact]
    public void TripleFault_IsReported()
    {
        using SmallGuest guest = new(c => c.A.ud2());
        guest.Start();
        Assert.Equal(CpuExit.TripleFault, guest.AwaitEnd());
        Assert.StartsWith("triple fault near RIP 10:", guest.Engine.Cpus[0].Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void CodeWhereNothingIs_IsReportedInWords()
    {
        using SmallGuest guest = new(c =>
        {
            c.A.mov(rax, 0xD000_0000);
            c.A.jmp(rax);
        });
        guest.Start();
        Assert.Equal(CpuExit.InternalError, guest.AwaitEnd());
        Assert.StartsWith("KVM can't emulate an instruction", guest.Engine.Cpus[0].Describe(), StringComparison.Ordinal);
        Assert.EndsWith("at RIP 10:d0000000", guest.Engine.Cpus[0].Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void DeviceThatFails_EndsItsProcessor_WithTheError()
    {
        using SmallGuest guest = new(
            c =>
            {
                c.A.mov(edx, 0x200);
                c.A.@out(dx, al);
                c.Halt();
            },
            prepare: guest => guest.Ports.Map("broken", 0x200, 1, new CallHandler(_ => throw new InvalidOperationException("a broken device"))));
        guest.Start();
        Assert.Equal(CpuExit.InternalError, guest.AwaitEnd());
        Assert.Contains("a broken device", guest.Engine.Cpus[0].Describe(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 2)]
    [InlineData(16, 4)]
    public void Cpuid_DescribesTheMachine(int cpus, int coreBits)
    {
        uint[] reports = SmallGuest.Run(
            c =>
            {
                Ask(c, 1, 0, ebx);
                Ask(c, 1, 0, ecx);
                Ask(c, 0xB, 0, ebx);
                Ask(c, 0xB, 1, eax);
                Ask(c, 0xB, 1, ebx);
                Ask(c, 0x4000_0000, 0, ebx);
                c.Done();
            },
            cpus);
        const uint X2ApicDeadlineHypervisor = (1u << 21) | (1 << 24) | (1u << 31);
        Assert.Equal((uint)cpus, (reports[0] >> 16) & 0xFF);
        Assert.Equal(0u, reports[0] >> 24);
        Assert.Equal(X2ApicDeadlineHypervisor, reports[1] & X2ApicDeadlineHypervisor);
        Assert.Equal([1u, (uint)coreBits, (uint)cpus, 0x4B4D_564B], reports[2..]);
    }

    [Fact]
    public void Engine_GivesBackWhatItTook()
    {
        KvmPresence.Require();
        int before = Descriptors();
        for (int i = 0; i < 3; i++)
        {
            using SmallGuest guest = new(c => c.Done(), cpus: 2);
            guest.Start();
            guest.AwaitDone();
        }

        Assert.Equal(before, Descriptors());
    }

    private static int Descriptors() =>
        Directory.GetFiles("/proc/self/fd").Count(file => File.ResolveLinkTarget(file, returnFinalTarget: false)?.Name.Contains("kvm", StringComparison.Ordinal) ?? false);

    private static void Ask(GuestCode code, uint leaf, int subleaf, AssemblerRegister32 answer)
    {
        code.A.mov(eax, leaf);
        code.A.mov(ecx, subleaf);
        code.A.cpuid();
        code.A.mov(eax, answer);
        code.Report();
    }

    private static unsafe void Place(SmallGuest guest, ulong address, byte[] bytes) => bytes.CopyTo(new Span<byte>(guest.Ram.Pointer + address, bytes.Length));
}
