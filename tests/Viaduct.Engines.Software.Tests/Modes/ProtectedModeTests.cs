using Iced.Intel;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Platform.Engines;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>32-bit protected mode without paging: gates, privileges, stacks, limits, virtual-8086 mode.</summary>
public sealed unsafe class ProtectedModeTests : IDisposable
{
    private const ulong Gdt = 0x7000;
    private const ulong Idt = 0x7800;
    private const ulong Task = 0x6000;
    private const uint Stack = 0x30000;
    private const uint InnerStack = 0x28000;
    private const ushort Code0 = 0x10;
    private const ushort Data0 = 0x18;
    private const ushort Code3 = 0x20 | 3;
    private const ushort Data3 = 0x28 | 3;
    private const ushort Small = 0x30;
    private const ushort ExecuteOnly = 0x38;
    private const ushort Down = 0x40;
    private const ushort SmallStack = 0x48;

    private readonly RealMachine _machine = new();

    public ProtectedModeTests()
    {
        ulong[] descriptors =
        [
            0, 0, 0x00CF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
            0x0040_9302_0000_000F, 0x00CF_9900_0000_FFFF, 0x0040_9700_0000_0FFF,
            0x0040_9302_0000_07FF,
        ];
        for (int i = 0; i < descriptors.Length; i++)
        {
            _machine.Write(Gdt + (ulong)(i * 8), descriptors[i]);
        }

        for (uint vector = 0; vector < 64; vector++)
        {
            uint handler = 0x9000 + (vector * 8);
            _machine.Write(Idt + (vector * 8), handler | ((ulong)Code0 << 16) | (0xEEUL << 40));
        }

        _machine.Write(Task + 4, InnerStack);
        _machine.Write(Task + 8, (uint)Data0);
        _machine.Cpu.Boot(new CpuBootState { Mode = CpuMode.Protected32, Rip = RealMachine.Code, Rsp = Stack, GdtBase = Gdt, GdtLimit = 0x4F });
        _machine.State->IdtBase = Idt;
        _machine.State->IdtLimit = (64 * 8) - 1;
        _machine.State->Segments[SegmentName.Tr] = new SegmentRegister { Base = Task, Limit = 0x67, Attributes = 0x8B, Selector = 0x50 };
    }

    private bool Faulted => _machine.State->Segments[SegmentName.Cs].Selector == Code0 && (uint)_machine.State->Rip is >= 0x9000 and < 0x9200;

    private uint Top(int word) => _machine.Read<uint>(_machine.State->Registers[4] + (ulong)(word * 4));

    [Fact]
    public void Interrupt_AtTheSamePrivilege_PushesThreeWords()
    {
        Run(static code => code.@int(0x21));
        Assert.True(Faulted);
        Assert.Equal(0x21, _machine.Vector);
        Assert.Equal(Stack - 12, (uint)_machine.State->Registers[4]);
        Assert.Equal((uint)RealMachine.Code + 2, Top(0));
        Assert.Equal(Code0, (ushort)Top(1));
    }

    [Fact]
    public void Fault_FromAnOuterPrivilege_TakesTheStackOfTheTaskState()
    {
        Run(static code =>
        {
            Enter3(code);
            code.cli();
        });
        Assert.True(Faulted);
        Assert.Equal(13, _machine.Vector);
        Assert.Equal(InnerStack - 24, (uint)_machine.State->Registers[4]);
        Assert.Equal(0u, Top(0));
        Assert.Equal(Code3, (ushort)Top(2));
        Assert.Equal(0x2_8000u + 0x7000, Top(4));
        Assert.Equal(Data3, (ushort)Top(5));
        Assert.Equal(Data0, _machine.State->Segments[SegmentName.Ss].Selector);
    }

    [Fact]
    public void Gate_OfAnInnerPrivilege_IsRefusedToSoftware()
    {
        _machine.Write(Idt + (0x22 * 8) + 5, (byte)0x8E);
        Run(static code =>
        {
            Enter3(code);
            code.@int(0x22);
        });
        Assert.Equal(13, _machine.Vector);
        Assert.Equal((0x22u << 3) | 2, Top(0));
    }

    [Fact]
    public void Gate_Of16Bits_PushesWords()
    {
        _machine.Write(Idt + (0x23 * 8) + 5, (byte)0xE6);
        Run(static code => code.@int(0x23));
        Assert.Equal(0x23, _machine.Vector);
        Assert.Equal(Stack - 6, (uint)_machine.State->Registers[4]);
    }

    [Fact]
    public void Return_FromInterrupt_RestoresPrivilegeAndStack()
    {
        _machine.Write(0x9000 + (0x24 * 8), [0xCF]);
        Run(static code =>
        {
            Enter3(code, 0x3002);
            code.mov(ebp, esp);
            code.@int(0x24);
            code.sub(ebp, esp);
            code.mov(eax, cs);
        });
        Assert.Equal(Code3, (ushort)_machine.Rax);
        Assert.Equal(0u, (uint)_machine.State->Registers[5]);
        Assert.Equal(Data3, _machine.State->Segments[SegmentName.Ss].Selector);
    }

    [Theory]
    [InlineData(Small, 0xC, false)]
    [InlineData(Small, 0xD, true)]
    [InlineData(Down, 0x1000, false)]
    [InlineData(Down, 0xFFE, true)]
    [InlineData(ExecuteOnly, 0, true)]
    public void Access_ThroughASegment_IsCheckedAgainstItsLimitAndType(int selector, int offset, bool faults)
    {
        Run(code =>
        {
            if (selector == ExecuteOnly)
            {
                code.jmp(ExecuteOnly, (uint)RealMachine.Code + 7);
                code.mov(eax, __dword_ptr.cs[0]);
            }
            else
            {
                code.mov(eax, selector);
                code.mov(fs, eax);
                code.mov(ecx, __dword_ptr.fs[offset]);
            }

            code.xor(eax, eax);
        });
        Assert.Equal(faults, Faulted);
        Assert.Equal(faults ? 13 : 0, _machine.Vector);
    }

    [Fact]
    public void Stack_PastItsLimit_IsAStackFault()
    {
        Run(static code =>
        {
            code.mov(eax, SmallStack);
            code.mov(ss, eax);
            code.mov(esp, 0x400);
            code.mov(ecx, __dword_ptr[esp + 0x3FE]);
        });
        Assert.Equal(12, _machine.Vector);
    }

    [Fact]
    public void Null_Segment_CannotBeUsed()
    {
        Run(static code =>
        {
            code.xor(eax, eax);
            code.mov(gs, eax);
            code.mov(ecx, __dword_ptr.gs[0]);
        });
        Assert.Equal(13, _machine.Vector);
    }

    [Fact]
    public void Virtual8086Mode_IsEnteredAndLeftByAFault()
    {
        _machine.Assemble(16, 0x4_0000, 0, static code =>
        {
            code.mov(ax, 0x5000);
            code.mov(ds, ax);
            code.mov(bx, __word_ptr[0x10]);
            code.cli();
        });
        _machine.Write<ushort>(0x5_0010, 0xABCD);
        Run(static code =>
        {
            for (int i = 0; i < 4; i++)
            {
                code.push(0);
            }

            code.push(0x2000);
            code.push(0x1000);
            code.push(0x2_0002);
            code.push(0x4000);
            code.push(0);
            code.iretd();
        });
        Assert.True(Faulted);
        Assert.Equal(13, _machine.Vector);
        Assert.Equal(0xABCD, (ushort)_machine.State->Registers[3]);
        Assert.Equal(InnerStack - 40, (uint)_machine.State->Registers[4]);
        Assert.Equal(0x4000u, Top(2));
        Assert.Equal(0x2_0000u, Top(3) & 0x2_0000);
        Assert.Equal(0x2000u, Top(5));
        Assert.Equal(0x5000u, Top(7));
        Assert.Equal(0u, _machine.State->FlagsOther & 0x2_0000);
        Assert.Equal(0, _machine.State->Segments[SegmentName.Ds].Selector);
    }

    [Fact]
    public void NoStackForTheHandler_IsADoubleFaultAndThenShutdown()
    {
        _machine.Write(Task + 8, 0u);
        _machine.Assemble(32, RealMachine.Code, RealMachine.Code, static code =>
        {
            Enter3(code);
            code.cli();
        });
        Assert.Equal(CpuExit.TripleFault, _machine.Run());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Tables_OfRandomBytes_NeverStopTheMonitor(int seed)
    {
        Random random = new(seed);
        byte[] bytes = new byte[0x1000];
        for (int i = 0; i < 300; i++)
        {
            random.NextBytes(bytes);
            _machine.Write(0x7000, bytes);
            _machine.Write(Task, bytes.AsSpan(0, 0x80));
            _machine.Write(RealMachine.Code, bytes.AsSpan(0x200, 0x200));
            _machine.Cpu.Boot(new CpuBootState { Mode = CpuMode.Protected32, Rip = RealMachine.Code, Rsp = Stack, GdtBase = Gdt, GdtLimit = 0x7FF });
            _machine.State->IdtBase = Idt;
            _machine.State->IdtLimit = 0x7FF;
            _machine.State->FlagsOther = (uint)random.Next() & 0x2_7000;
            _machine.Cpu.Segments.Refresh();
            for (int step = 0; step < 50 && _machine.Cpu.Step(); step++)
            {
                Assert.InRange(_machine.State->Cpl, 0, 3);
            }
        }
    }

    public void Dispose() => _machine.Dispose();

    private static void Enter3(Assembler code, int flags = 2)
    {
        Label user = code.CreateLabel();
        code.push(Data3);
        code.push(0x2_8000 + 0x7000);
        code.push(flags);
        code.push(Code3);
        code.call(user);
        code.Label(ref user);
        code.add(__dword_ptr[esp], 5);
        code.iretd();
    }

    private void Run(Action<Assembler> instructions)
    {
        _machine.Assemble(32, RealMachine.Code, RealMachine.Code, code =>
        {
            instructions(code);
            code.@out(0x80, al);
            code.db(0xEB, 0xFE);
        });
        _machine.State->Rip = RealMachine.Code;
        Assert.Equal(CpuExit.Stopped, _machine.Run());
    }
}
