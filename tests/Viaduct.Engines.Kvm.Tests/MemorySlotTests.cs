using Iced.Intel;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>Memory that the guest sees follows the address space.</summary>
public sealed unsafe class MemorySlotTests
{
    private const ulong Bar = 0xD000_0000;
    private const ulong Elsewhere = 0xD800_0000;

    [Fact]
    public void MemoryBehindABar_IsReachedWithoutExits_WhereverItIsPut()
    {
        using HostMemory block = new("bar", 0x2000);
        Mapping? mapping = null;
        using SmallGuest guest = new(
            c =>
            {
                c.A.mov(rdi, Bar);
                c.A.mov(__dword_ptr[rdi + 0x10], 0x1111_1111);
                Call(c, 1);
                c.A.mov(eax, __[rdi + 0x10]);
                c.Report();
                c.A.mov(rdi, Elsewhere);
                c.A.mov(eax, __[rdi + 0x10]);
                c.Report();
                c.A.mov(__dword_ptr[rdi + 0x1010], 0x2222_2222);
                Call(c, 2);
                c.A.mov(eax, __[rdi + 0x10]);
                c.Report();
                c.Done();
            },
            prepare: guest =>
            {
                mapping = guest.Memory.MapMemory("bar", Bar, block, 0, block.Length, MappingPriority.Bar);
                guest.Ports.Map("calls", 0x200, 4, new CallHandler(number =>
                {
                    mapping.Dispose();
                    if (number == 1)
                    {
                        mapping = guest.Memory.MapMemory("bar", Elsewhere, block, 0, block.Length, MappingPriority.Bar);
                    }
                }));
            });
        guest.Start();
        guest.AwaitDone();
        guest.Stop();
        Assert.Equal((uint[])[uint.MaxValue, 0x1111_1111, uint.MaxValue], guest.Reports);
        Assert.Equal(0x1111_1111u, *(uint*)(block.Pointer + 0x10));
        Assert.Equal(0x2222_2222u, *(uint*)(block.Pointer + 0x1010));

        // Two calls, three reports, the end, and the two reads of what was gone.
        Assert.Equal(8, guest.Engine.Exits);
    }

    [Fact]
    public void MemoryThatOverlapsABar_IsSeenAsPrioritySays_WithoutTouchingTheRest()
    {
        using HostMemory below = new("below", 0x4000);
        using HostMemory above = new("above", 0x1000);
        *(uint*)(below.Pointer + 0x1000) = 0xB1;
        *(uint*)(below.Pointer + 0x2000) = 0xB2;
        *(uint*)above.Pointer = 0xA0;
        Mapping? over = null;
        uint[] reports = SmallGuest.Run(
            c =>
            {
                c.A.mov(rdi, Bar);
                c.A.mov(eax, __[rdi + 0x1000]);
                c.Report();
                Call(c, 1);
                c.A.mov(eax, __[rdi + 0x1000]);
                c.Report();
                c.A.mov(eax, __[rdi + 0x2000]);
                c.Report();
                Call(c, 2);
                c.A.mov(eax, __[rdi + 0x1000]);
                c.Report();
                c.Done();
            },
            prepare: guest =>
            {
                _ = guest.Memory.MapMemory("below", Bar, below, 0, below.Length, MappingPriority.Bar);
                guest.Ports.Map("calls", 0x200, 4, new CallHandler(number =>
                {
                    if (number == 1)
                    {
                        over = guest.Memory.MapMemory("above", Bar + 0x1000, above, 0, above.Length);
                    }
                    else
                    {
                        over!.Dispose();
                    }
                }));
            });
        Assert.Equal([0xB1u, 0xA0, 0xB2, 0xB1], reports);
    }

    [Fact]
    public void ReadOnlyMemory_IsReadWithoutExits_AndNotWritten()
    {
        using HostMemory block = new("rom", 0x1000);
        *(uint*)block.Pointer = 0x1234_5678;
        uint[] reports = SmallGuest.Run(
            c =>
            {
                c.A.mov(rdi, Bar);
                c.A.mov(__dword_ptr[rdi], 0);
                c.A.mov(eax, __[rdi]);
                c.Report();
                c.Done();
            },
            prepare: guest => guest.Memory.MapMemory("rom", Bar, block, 0, block.Length, readOnly: true));
        Assert.Equal([0x1234_5678u], reports);
    }

    [Fact]
    public void MemoryOfLessThanAPage_IsReached()
    {
        using HostMemory block = new("bar", 0x1000);
        uint[] reports = SmallGuest.Run(
            c =>
            {
                c.A.mov(rdi, Bar);
                c.A.mov(__dword_ptr[rdi + 0x20], 0x1234_5678);
                c.A.movzx(eax, __word_ptr[rdi + 0x22]);
                c.Report();
                c.A.mov(eax, __[rdi + 0x100]);
                c.Report();
                c.Done();
            },
            prepare: guest => guest.Memory.MapMemory("bar", Bar, block, 0, 0x100));
        Assert.Equal([0x1234u, uint.MaxValue], reports);
    }

    [Fact]
    public void Code_RunsOn_WhileTheSlotsAroundItChange()
    {
        using HostMemory code = new("code", 0x4000);
        using HostMemory block = new("bar", 0x1000);

        // A loop in memory of its own that is split and joined: inc dword ptr [rsi]; jmp there.
        new ReadOnlySpan<byte>([0xFF, 0x06, 0xEB, 0xFC]).CopyTo(new Span<byte>(code.Pointer, 4));
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                c.A.mov(rsi, 0x10_0000);
                c.A.mov(rdi, Bar);
                c.Report(1);
                c.A.jmp(rdi);
            },
            prepare: guest => guest.Memory.MapMemory("code", Bar, code, 0, code.Length));
        guest.Start();
        uint* counter = (uint*)(guest.Ram.Pointer + 0x10_0000);
        for (int i = 0; i < 200; i++)
        {
            using Mapping over = guest.Memory.MapMemory("above", Bar + 0x2000, block, 0, block.Length, MappingPriority.Board);
            guest.Engine.Synchronize();
            uint before = Volatile.Read(ref *counter);
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref *counter) != before, TimeSpan.FromSeconds(30)), guest.Engine.Cpus[0].Describe());
        }

        guest.Stop();
    }

    // Has the test's CallHandler called with a number. Changes RAX and RDX.
    private static void Call(GuestCode code, int number)
    {
        code.A.mov(edx, 0x200);
        code.A.mov(eax, number);
        code.A.@out(dx, al);
    }
}
