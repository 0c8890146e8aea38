using Iced.Intel;
using Viaduct.Machine.Specification;
using Viaduct.Machine.Tests.Hostile;
using Viaduct.Platform.Accounting;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>
/// Every device's ports, registers, doorbells, interrupts and DMA, as a guest without an operating system uses them from
/// privilege level 3: the same guest on each engine.
/// </summary>
public sealed class BareDeviceTests
{
    private const byte Vector = 0x41;
    private const uint Buffer = 0x101_0000;
    private const int FirstTransfers = 2;
    private const int Transfers = 20;

    public static TheoryData<EngineChoice> Engines => BareEngines.All;

    [Theory]
    [MemberData(nameof(Engines))]
    public void SerialPort_InterruptsWhenItHasRoom_AndPrints(EngineChoice engine) => BareMachine.RunWell(
        c =>
        {
            const int Input = 4;
            BarePci.EnableApic(c);
            BarePci.RouteInput(c, Input, Vector);
            c.EnterUser();

            // Interrupts on (OUT2), and one when the transmitter has room: it has.
            c.A.mov(edx, 0x3FC);
            c.A.mov(al, 8);
            c.A.@out(dx, al);
            c.A.mov(edx, 0x3F9);
            c.A.mov(al, 2);
            c.A.@out(dx, al);
            BarePci.AwaitInterrupts(c, Vector, 1);
            c.A.mov(edx, 0x3FA);
            c.A.@in(al, dx);
            c.A.and(eax, 0xF);
            c.Expect(2, "interrupt identification");
            c.A.mov(edx, 0x3F9);
            c.A.mov(al, 0);
            c.A.@out(dx, al);
            c.End("ok");
            BarePci.CountingHandler(c, Vector);
        },
        Machine(engine));

    [Theory]
    [MemberData(nameof(Engines))]
    public void SerialPort_TakesInput(EngineChoice engine)
    {
        (DeviceCounts begin, DeviceCounts end) = BareMachine.CountBetweenMarks(
            c =>
            {
                c.EnterUser();
                c.Mark('a');
                c.Mark('b');
                c.PowerOff();
            },
            Machine(engine) with { Rng = true },
            _ => true);
        Assert.Equal(begin.Exits, end.Exits);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Clock_ShowsATime_AndInterruptsPeriodically(EngineChoice engine) => BareMachine.RunWell(
        c =>
        {
            const int Input = 8;
            BarePci.EnableApic(c);
            BarePci.RouteInput(c, Input, Vector);
            c.EnterUser();
            ReadClock(c, 9);
            c.A.cmp(al, 0x99);
            c.A.setbe(al);
            c.A.movzx(eax, al);
            c.Expect(1, "a year in BCD");

            // The periodic interrupt (register B), twice: the first is served by reading register C.
            WriteClock(c, 0xB, 0x42);
            BarePci.AwaitInterrupts(c, Vector, 1);
            ReadClock(c, 0xC);
            c.A.and(eax, 0xC0);
            c.Expect(0xC0, "interrupt flags");
            BarePci.AwaitInterrupts(c, Vector, 2);
            WriteClock(c, 0xB, 2);
            c.End("ok");
            BarePci.CountingHandler(c, Vector);
        },
        Machine(engine));

    [Theory]
    [MemberData(nameof(Engines))]
    public void ResetPort_EndsTheMachineWithAReset(EngineChoice engine)
    {
        BareEngines.Require(engine);
        using BareMachine bare = new(
            BareGuest.Build(c =>
            {
                c.EnterUser();
                c.A.mov(edx, 0xCF9);
                c.A.mov(al, 6);
                c.A.@out(dx, al);
                c.Halt();
            }),
            Machine(engine));
        Assert.Equal(MachineExitReason.Reset, bare.RunToEnd().Exit.Reason);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Nvme_MovesData_AndInterrupts(EngineChoice engine)
    {
        using HostileDisk disk = new();
        BareMachine.RunWell(c => MoveData(c, shadowed: true), Machine(engine) with { Disks = [disk.Emulated] });
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void AssignedNvme_MovesData_AndInterrupts(EngineChoice engine)
    {
        using ServedNvme served = new();
        BareMachine.RunWell(c => MoveData(c, shadowed: false), Machine(engine) with { Assigned = [served.Assigned] });
    }

    [Theory]
    [InlineData(EngineChoice.Software, 2 * Transfers)]
    [InlineData(EngineChoice.Kvm, 0)]
    public void NvmesDoorbells_OnceTheirValuesAreInMemory_AreExitsOnlyWhereTheEngineHasNoEventfds(EngineChoice engine, int exits)
    {
        using HostileDisk disk = new();
        const int AdminCommands = 3;
        const int Doorbells = AdminCommands + (2 * (FirstTransfers + Transfers));
        (DeviceCounts begin, DeviceCounts end) = BareMachine.CountBetweenMarks(
            c =>
            {
                BareNvme nvme = new(c);
                c.EnterUser();
                nvme.Enable();
                nvme.CreateQueues();
                nvme.ShadowDoorbells();
                Between(c, () => nvme.Transfer(1));
            },
            Machine(engine) with { Disks = [disk.Emulated] },
            counts => counts.Doorbells == Doorbells);
        Assert.Equal((exits, Doorbells), (end.Exits - begin.Exits, end.Doorbells));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void AssignedNvmesRequests_CostNoExitsButTrappedDoorbells_AndItsInterruptsAreCounted(EngineChoice engine)
    {
        using ServedNvme served = new();
        const int Interrupts = FirstTransfers + Transfers;
        (DeviceCounts begin, DeviceCounts end) = BareMachine.CountBetweenMarks(
            c =>
            {
                BareNvme nvme = new(c);
                BarePci.EnableApic(c);
                c.EnterUser();
                nvme.Enable();
                BarePci.FillEntry(c, BareNvme.Table, 1, Vector);
                BarePci.EnableMsix(c);
                nvme.CreateQueues(entry: 1);
                c.A.xor(r8d, r8d);
                Between(c, () =>
                {
                    nvme.Transfer(1);
                    c.A.inc(r8d);
                    AwaitInterruptsInR8(c);
                });
                BarePci.CountingHandler(c, Vector);
            },
            Machine(engine) with { Assigned = [served.Assigned] },
            counts => counts.Interrupts == Interrupts);
        Assert.Equal((Interrupts, false), (end.Interrupts, end.MissesInterrupts));

        // While the controller sleeps its doorbell page is trapped, and on KVM that is an exit, too.
        long trapped = engine == EngineChoice.Kvm ? end.Doorbells - begin.Doorbells : 0;
        Assert.Equal(trapped, end.Exits - begin.Exits);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void AssignedNvmesVector_WhileMasked_IsPending_AndComesLater(EngineChoice engine)
    {
        using ServedNvme served = new();
        BareMachine.RunWell(
            c =>
            {
                const int PendingBits = 0x3000;
                BareNvme nvme = new(c);
                BarePci.EnableApic(c);
                c.EnterUser();
                nvme.Enable();
                BarePci.FillEntry(c, BareNvme.Table, 1, Vector);
                BarePci.EnableMsix(c);
                nvme.CreateQueues(entry: 1);
                c.A.xor(r15d, r15d);
                nvme.Transfer(1);
                BarePci.AwaitInterrupts(c, Vector, 1);

                c.A.mov(__dword_ptr[r12 + BareNvme.Table + 16 + 12], 1);
                nvme.Transfer(1);
                Label wait = c.A.CreateLabel();
                c.Place(ref wait);
                c.A.test(__dword_ptr[r12 + PendingBits], 2);
                c.A.jz(wait);
                c.A.mov(eax, __[BarePci.Counters + (Vector * 4)]);
                c.Expect(1, "interrupts while masked");
                c.A.mov(__dword_ptr[r12 + BareNvme.Table + 16 + 12], 0);
                BarePci.AwaitInterrupts(c, Vector, 2);
                c.A.mov(eax, __[r12 + PendingBits]);
                c.Expect(0, "pending bits");
                c.End("ok");
                BarePci.CountingHandler(c, Vector);
            },
            Machine(engine) with { Assigned = [served.Assigned] });
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void VirtioBlock_WritesAndFlushes(EngineChoice engine)
    {
        using HostileDisk disk = new();
        BareMachine.RunWell(
            c =>
            {
                BareVirtioBlock block = new(c);
                c.EnterUser();
                block.Enable();
                c.A.xor(r15d, r15d);
                block.Write();
                block.Flush();
                c.End("ok");
            },
            Machine(engine) with { Disks = [disk.Paravirtual] });
    }

    [Theory]
    [InlineData(EngineChoice.Software, Transfers)]
    [InlineData(EngineChoice.Kvm, 0)]
    public void VirtioBlocksDoorbells_AreExitsOnlyWhereTheEngineHasNoEventfds(EngineChoice engine, int exits)
    {
        using HostileDisk disk = new();
        const int Doorbells = FirstTransfers + Transfers;
        (DeviceCounts begin, DeviceCounts end) = BareMachine.CountBetweenMarks(
            c =>
            {
                BareVirtioBlock block = new(c);
                c.EnterUser();
                block.Enable();
                c.A.xor(r15d, r15d);
                Between(c, block.Write);
            },
            Machine(engine) with { Disks = [disk.Paravirtual] },
            counts => counts.Doorbells == Doorbells);
        Assert.Equal((exits, Doorbells), (end.Exits - begin.Exits, end.Doorbells));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void VirtioRng_FillsABuffer_AndInterrupts(EngineChoice engine) => BareMachine.RunWell(
        c =>
        {
            const int Length = 64;
            BareVirtio rng = new(c);
            BarePci.EnableApic(c);
            c.EnterUser();
            rng.Negotiate();
            BarePci.FillEntry(c, BareVirtio.Table, 1, Vector);
            BarePci.EnableMsix(c);
            rng.AddQueue(0, entry: 1);
            rng.Begin();
            rng.Give(0, Buffer, Length, deviceWrites: true);
            rng.Await(0);
            BarePci.AwaitInterrupts(c, Vector, 1);
            c.A.mov(edi, Buffer);
            c.A.mov(rax, __[rdi]);
            for (int i = 8; i < Length; i += 8)
            {
                c.A.or(rax, __[rdi + i]);
            }

            c.A.test(rax, rax);
            c.A.setnz(al);
            c.A.movzx(eax, al);
            c.Expect(1, "random bytes");
            c.End("ok");
            BarePci.CountingHandler(c, Vector);
        },
        Machine(engine) with { Rng = true });

    [Theory]
    [MemberData(nameof(Engines))]
    public void VirtioConsole_PrintsAndTakesInput(EngineChoice engine)
    {
        BareEngines.Require(engine);
        using BareMachine bare = new(
            BareGuest.Build(c =>
            {
                BareVirtio console = new(c);
                c.EnterUser();
                console.Negotiate();
                console.AddQueue(0);
                console.AddQueue(1);
                console.Begin();
                Say(c, console, 'a');
                console.Give(0, Buffer, 16, deviceWrites: true);
                console.Await(0);
                c.A.movzx(eax, __byte_ptr[Buffer]);
                c.A.inc(eax);
                c.A.mov(__[Buffer + 0x100], al);
                console.Give(1, Buffer + 0x100, 1, deviceWrites: false);
                console.Await(1);
                c.PowerOff();
            }),
            Machine(engine) with { Console = ConsoleChoice.Virtio });
        (MachineExit exit, string text) = bare.RunToEnd(afterwards: "a", "x"u8);
        Assert.Equal((MachineExitReason.PowerOff, "ay"), (exit.Reason, text));
    }

    private static MachineSpec Machine(EngineChoice engine) => new() { Kernel = "", Memory = 64 << 20, Engine = engine };

    // Writes eight blocks by an I/O queue whose completions interrupt, clears the buffer, and reads them back.
    private static void MoveData(BareCode c, bool shadowed)
    {
        const ulong Pattern = 0x1122_3344_5566_7788;
        BareNvme nvme = new(c);
        BarePci.EnableApic(c);
        c.EnterUser();
        nvme.Enable();
        BarePci.FillEntry(c, BareNvme.Table, 1, Vector);
        BarePci.EnableMsix(c);
        nvme.CreateQueues(entry: 1);
        if (shadowed)
        {
            nvme.ShadowDoorbells();
        }

        c.A.mov(rax, Pattern);
        c.A.mov(edi, BareNvme.Buffer);
        c.A.mov(__[rdi + 0xFF8], rax);
        c.A.xor(r15d, r15d);
        nvme.Transfer(1);
        BarePci.AwaitInterrupts(c, Vector, 1);
        c.A.mov(edi, BareNvme.Buffer);
        c.A.xor(eax, eax);
        c.A.mov(__[rdi + 0xFF8], rax);
        nvme.Transfer(2);
        BarePci.AwaitInterrupts(c, Vector, 2);
        c.A.mov(edi, BareNvme.Buffer);
        c.A.mov(rax, __[rdi + 0xFF8]);
        c.Expect(Pattern, "what was read back");
        c.End("ok");
        BarePci.CountingHandler(c, Vector);
    }

    // A few times before the marks, for whatever is done at a first time.
    private static void Between(BareCode c, Action request)
    {
        c.A.xor(r15d, r15d);
        for (int i = 0; i < FirstTransfers; i++)
        {
            request();
        }

        c.Mark('a');
        c.A.mov(r9d, Transfers);
        Label again = c.A.CreateLabel();
        c.Place(ref again);
        request();
        c.A.dec(r9d);
        c.A.jnz(again);
        c.Mark('b');
        c.PowerOff();
    }

    private static void AwaitInterruptsInR8(BareCode c)
    {
        Label wait = c.A.CreateLabel();
        c.Place(ref wait);
        c.A.pause();
        c.A.cmp(__[BarePci.Counters + (Vector * 4)], r8d);
        c.A.jl(wait);
    }

    private static void Say(BareCode c, BareVirtio console, char character)
    {
        c.A.mov(__byte_ptr[Buffer + 0x100], (sbyte)character);
        console.Give(1, Buffer + 0x100, 1, deviceWrites: false);
        console.Await(1);
    }

    private static void ReadClock(BareCode c, byte register)
    {
        SelectClock(c, register);
        c.A.xor(eax, eax);
        c.A.@in(al, dx);
    }

    private static void WriteClock(BareCode c, byte register, byte value)
    {
        SelectClock(c, register);
        c.A.mov(al, (sbyte)value);
        c.A.@out(dx, al);
    }

    private static void SelectClock(BareCode c, byte register)
    {
        c.A.mov(edx, 0x70);
        c.A.mov(al, (sbyte)register);
        c.A.@out(dx, al);
        c.A.inc(edx);
    }
}
