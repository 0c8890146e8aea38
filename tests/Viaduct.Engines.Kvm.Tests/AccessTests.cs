using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>Accesses that leave the guest.</summary>
public sealed unsafe class AccessTests
{
    private const ulong Registers = 0xD000_0000;

    [Fact]
    public void Ports_OfAllSizes_AreReadAndWritten()
    {
        AccessRecorder recorder = new();
        uint[] reports = SmallGuest.Run(
            c =>
            {
                c.A.mov(edx, 0x200);
                c.A.mov(eax, 0x8765_4321);
                c.A.@out(dx, al);
                c.A.@out(dx, ax);
                c.A.@out(dx, eax);
                c.A.xor(eax, eax);
                c.A.@in(al, dx);
                c.Report();
                c.A.mov(edx, 0x204);
                c.A.@in(eax, dx);
                c.Report();
                c.A.mov(edx, 0x300);
                c.A.@in(eax, dx);
                c.Report();
                c.Done();
            },
            prepare: guest => guest.Ports.Map("recorder", 0x200, 8, recorder));
        Assert.Equal(["w1@0=21", "w2@0=4321", "w4@0=87654321", "r1@0", "r4@4"], recorder.Accesses);
        Assert.Equal([0x10u, 0x1413_1211, 0xFFFF_FFFF], reports);
    }

    [Fact]
    public void PortStrings_WithRepeatCounts_AreManyAccesses()
    {
        AccessRecorder recorder = new();
        using SmallGuest guest = new(
            c =>
            {
                c.A.cld();
                c.A.mov(edx, 0x200);
                c.A.mov(esi, 0x10_0000);
                c.A.mov(ecx, 5);
                c.A.rep.outsw();
                c.A.mov(edi, 0x10_1000);
                c.A.mov(ecx, 6);
                c.A.rep.insb();
                c.Done();
            },
            prepare: guest =>
            {
                guest.Ports.Map("recorder", 0x200, 8, recorder);
                new ReadOnlySpan<byte>([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).CopyTo(new Span<byte>(guest.Ram.Pointer + 0x10_0000, 10));
            });
        guest.Start();
        guest.AwaitDone();
        guest.Stop();
        Assert.Equal(
            ["w2@0=201", "w2@0=403", "w2@0=605", "w2@0=807", "w2@0=a09", "r1@0", "r1@0", "r1@0", "r1@0", "r1@0", "r1@0"],
            recorder.Accesses);
        Assert.Equal("\x10\x11\x12\x13\x14\x15"u8, new ReadOnlySpan<byte>(guest.Ram.Pointer + 0x10_1000, 6));
    }

    [Fact]
    public void Registers_OfAllSizes_AreReadAndWritten()
    {
        AccessRecorder recorder = new();
        uint[] reports = SmallGuest.Run(
            c =>
            {
                c.A.mov(rdi, Registers);
                c.A.mov(rax, 0x8877_6655_4433_2211);
                c.A.mov(__[rdi + 1], al);
                c.A.mov(__[rdi + 2], ax);
                c.A.mov(__[rdi + 4], eax);
                c.A.mov(__[rdi + 8], rax);
                c.A.mov(rax, __[rdi + 0x10]);
                c.A.shr(rax, 32);
                c.Report();
                c.A.movzx(eax, __word_ptr[rdi + 0x20]);
                c.Report();
                c.A.mov(eax, __[rdi + 0x1000]);
                c.Report();
                c.Done();
            },
            prepare: guest => guest.Memory.Map("recorder", Registers, 0x1000, recorder));
        Assert.Equal(["w1@1=11", "w2@2=2211", "w4@4=44332211", "w8@8=8877665544332211", "r8@10", "r2@20"], recorder.Accesses);
        Assert.Equal([0x1716_1514u, 0x1918, 0xFFFF_FFFF], reports);
    }

    [Fact]
    public void Access_AcrossAPagesBorder_ComesInPieces()
    {
        AccessRecorder recorder = new();
        _ = SmallGuest.Run(
            c =>
            {
                c.A.mov(rdi, Registers);
                c.A.mov(rax, 0x8877_6655_4433_2211);
                c.A.mov(__[rdi + 0xFFD], rax);
                c.Done();
            },
            prepare: guest => guest.Memory.Map("recorder", Registers, 0x2000, recorder));
        Assert.Equal(["w1@ffd=11", "w2@ffe=3322", "w4@1000=77665544", "w1@1004=88"], recorder.Accesses);
    }

    [Fact]
    public void AnswersToAccesses_AllocateNothing()
    {
        const int Warm = 200;
        const int Measured = 2000;
        AllocationGauge gauge = new(Warm, Measured);
        _ = SmallGuest.Run(
            c =>
            {
                // At privilege level 3, where IOPL lets it.
                c.EnterUser();
                Iced.Intel.Label again = c.A.CreateLabel();
                c.A.mov(ecx, Warm + Measured + 1);
                c.A.mov(rdi, Registers);
                c.A.mov(edx, 0x200);
                c.A.Label(ref again);
                c.A.@out(dx, eax);
                c.A.@in(eax, dx);
                c.A.mov(__[rdi], eax);
                c.A.mov(eax, __[rdi]);
                c.A.dec(ecx);
                c.A.jnz(again);
                c.A.mov(edx, SmallGuest.DonePort);
                c.A.@out(dx, al);
                Iced.Intel.Label end = c.A.CreateLabel();
                c.A.Label(ref end);
                c.A.jmp(end);
            },
            prepare: guest =>
            {
                guest.Ports.Map("gauge", 0x200, 4, gauge);
                guest.Memory.Map("gauge", Registers, HostMemory.PageSize, gauge);
            });
        Assert.Equal(0, gauge.Allocated);
    }

    /// <summary>Counts what its thread allocates between two of its accesses.</summary>
    private sealed class AllocationGauge(int warm, int measured) : Platform.AddressSpaces.IAccessHandler
    {
        private int _accesses;
        private long _before;

        public long Allocated { get; private set; } = -1;

        public Platform.AddressSpaces.AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return Platform.AddressSpaces.AccessStatus.Done;
        }

        public Platform.AddressSpaces.AccessStatus Write(ulong offset, int size, ulong value)
        {
            _accesses++;
            if (_accesses == warm)
            {
                _before = GC.GetAllocatedBytesForCurrentThread();
            }
            else if (_accesses == warm + (2 * measured))
            {
                Allocated = GC.GetAllocatedBytesForCurrentThread() - _before;
            }

            return Platform.AddressSpaces.AccessStatus.Done;
        }
    }
}
