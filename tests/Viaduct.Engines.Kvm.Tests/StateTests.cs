using Iced.Intel;
using Viaduct.Engines.Kvm.Processors;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using Viaduct.Platform.State;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>An engine's state, taken from one and given to another.</summary>
public sealed unsafe class StateTests
{
    private const ulong StartUpPage = 0x7000;
    private const ulong IoApic = 0xFEC0_0000;
    private const uint KernelGsBase = 0xC000_0102;
    private const byte Vector = 0x45;
    private const uint GatePort = 0x204;

    // In an image of XSAVE (Intel SDM vol. 1, 13.4): the vectors, and which parts are in use.
    private const int Xmm = 160;
    private const int InUse = 512;
    private const byte Sse = 2;

    [Fact]
    public void Guest_GoesOnWhereItWas_InAnotherEngine()
    {
        Gate closed = new();
        using SmallGuest first = NewGuest(closed);

        // From here, since a KVM that interprets privilege level 0 knows no vectors there.
        KvmCpu processor = ((KvmVirtualCpu)first.Engine.Cpus[0]).Cpu;
        byte[] image = processor.ExtendedState;
        image[InUse] |= Sse;
        image[Xmm + 5] = 0xA5;
        processor.ExtendedState = image;
        first.Start();
        Assert.True(SpinWait.SpinUntil(() => closed.Asked, TimeSpan.FromSeconds(30)), first.Engine.Cpus[0].Describe());
        first.Stop();
        StateWriter writer = new();
        writer.Record(first.Engine.State!);

        using SmallGuest second = NewGuest(new Gate { IsOpen = true });
        new ReadOnlySpan<byte>(first.Ram.Pointer, (int)SmallGuest.RamLength).CopyTo(new Span<byte>(second.Ram.Pointer, (int)SmallGuest.RamLength));
        new StateReader(writer.Written).Record(second.Engine.State!);
        Assert.Equal(0xA5, ((KvmVirtualCpu)second.Engine.Cpus[0]).Cpu.ExtendedState[Xmm + 5]);
        second.Start();
        second.AwaitDone();
        second.Stop();

        // Registers, the interrupt that waited, an MSR, the I/O APIC, and the processor that waited to be started.
        Assert.Equal((uint[])[0x00AB_CDEF, 0x45, 0x1234_5678, 0x8000 | 0x33, (uint)StartUpPage >> 4], second.Reports);
        Assert.Empty(first.Reports);
    }

    [Fact]
    public void State_ThatIsCutShort_OrOfAnotherMachine_IsRefused()
    {
        using SmallGuest one = new(c => c.Halt());
        StateWriter writer = new();
        one.Engine.State!.Save(writer);
        ReadOnlyMemory<byte> state = writer.Written;
        using SmallGuest other = new(c => c.Halt(), cpus: 2);
        Assert.Throws<StateException>(() => other.Engine.State!.Restore(new StateReader(state), 1));
        using SmallGuest same = new(c => c.Halt());
        Assert.Throws<StateException>(() => same.Engine.State!.Restore(new StateReader(state[..^100]), 1));
        same.Engine.State!.Restore(new StateReader(state), 1);
    }

    [Fact]
    public void DirtyLog_HasThePagesThatTheGuestWrote()
    {
        using HostMemory block = new("bar", 0x4000);
        using SmallGuest guest = new(
            c =>
            {
                c.A.mov(edi, 0x10_0000);
                c.A.mov(__dword_ptr[rdi + 0x3000], 1);
                c.A.mov(eax, __[rdi + 0x1000]);
                c.A.mov(__dword_ptr[rdi + 0x4_5010], 1);
                c.A.mov(rdi, 0xD000_0000);
                c.A.mov(__dword_ptr[rdi + 0x2000], 1);
                c.Done();
            });
        Mapping bar = guest.Memory.MapMemory("bar", 0xD000_0000, block, 0, block.Length, MappingPriority.Bar);
        guest.Engine.BeginDirtyLog(guest.Ram);
        guest.Engine.BeginDirtyLog(block);
        guest.Start();
        guest.AwaitDone();
        guest.Stop();

        // What was noted outlives its slot.
        bar.Dispose();
        ulong[] ofBar = new ulong[1];
        guest.Engine.TakeDirtyLog(block, ofBar);
        Assert.Equal(1UL << 2, ofBar[0]);

        // The processor itself writes page tables and descriptors, which lie elsewhere.
        ulong[] pages = new ulong[8];
        guest.Engine.TakeDirtyLog(guest.Ram, pages);
        Assert.Equal([1UL << 3, 1UL << 5], pages[4..6]);
        guest.Engine.TakeDirtyLog(guest.Ram, pages = new ulong[8]);
        Assert.All(pages, word => Assert.Equal(0UL, word));
        guest.Engine.EndDirtyLog(guest.Ram);
    }

    private static SmallGuest NewGuest(Gate gate) => new(
        c =>
        {
            Label main = c.A.CreateLabel();
            c.A.jmp(main);
            c.Handler(Vector);
            c.Report(0x45);
            c.A.mov(ecx, KernelGsBase);
            c.A.rdmsr();
            c.Report();
            c.A.mov(rdi, IoApic);
            c.A.mov(__dword_ptr[rdi], 0x10 + 14);
            c.A.mov(eax, __[rdi + 0x10]);
            c.Report();
            c.EndOfInterrupt();
            c.WriteMsr(0x830, 0xC_4500);
            c.WriteMsr(0x830, 0xC_4600 | (StartUpPage >> 12));
            c.Halt();
            c.Place(ref main);
            c.EnableX2Apic();
            c.WriteMsr(0x83F, Vector);
            c.WriteMsr(KernelGsBase, 0x1234_5678);
            c.A.mov(rdi, IoApic);
            c.A.mov(__dword_ptr[rdi], 0x10 + 14);
            c.A.mov(__dword_ptr[rdi + 0x10], 0x8000 | 0x33);
            c.A.mov(r12d, 0x00AB_CDEF);
            Label wait = c.A.CreateLabel();
            c.Place(ref wait);
            c.A.mov(edx, GatePort);
            c.A.@in(al, dx);
            c.A.test(al, al);
            c.A.jz(wait);
            c.A.mov(eax, r12d);
            c.Report();
            c.A.sti();
            c.Halt();
        },
        cpus: 2,
        prepare: guest =>
        {
            guest.Ports.Map("gate", GatePort, 1, gate);

            // 16-bit: mov dx, ReportPort; xor eax, eax; mov ax, cs; out dx, eax; mov dx, DonePort; out dx, al; hlt
            byte[] start = [0xBA, (byte)SmallGuest.ReportPort, 0, 0x66, 0x31, 0xC0, 0x8C, 0xC8, 0x66, 0xEF, 0xBA, (byte)SmallGuest.DonePort, 0, 0xEE, 0xF4];
            start.CopyTo(new Span<byte>(guest.Ram.Pointer + StartUpPage, start.Length));
        });

    /// <summary>A register that is zero until it is opened.</summary>
    private sealed class Gate : IAccessHandler
    {
        private volatile bool _asked;

        public bool IsOpen { get; init; }

        public bool Asked => _asked;

        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = IsOpen ? 1UL : 0;
            _asked = true;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value) => AccessStatus.Done;
    }
}
