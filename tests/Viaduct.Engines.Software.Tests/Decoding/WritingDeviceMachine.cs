using Iced.Intel;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Engines.Software.Tests.InterruptControllers;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Engines.Software.Tests.Decoding;

/// <summary>A processor, either tier, with a device that writes guest memory at a program's behest, as one of this process or of another.</summary>
internal sealed unsafe class WritingDeviceMachine : IDisposable
{
    public const ulong Code = 0x10000;
    public const ulong Function = 0x18000;
    public const ulong Result = 0x20000;
    public const ulong Stack = 0x30000;
    public const ulong UserStack = 0x38000;
    public const byte DonePort = 0x80;
    public const byte DevicePort = 0x81;
    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const ulong Idt = 0x6000;
    private const ulong Length = 2 << 20;

    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly Mapping _mapping;
    private readonly Mapping _port;
    private readonly SoftwareCpu _cpu;

    public WritingDeviceMachine(bool translates)
    {
        _mapping = _space.MapMemory("RAM", 0, Memory, 0, Length);
        ulong* tables = (ulong*)(Memory.Pointer + Tables);
        tables[0] = (Tables + 0x1000) | 7;
        tables[512] = (Tables + 0x2000) | 7;
        tables[1024] = 0x87;
        ulong* gdt = (ulong*)(Memory.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        _cpu = new SoftwareCpu(0, 1, _space, _ports, new ManualClock(), new InterruptRouter(), translates ? 2 : null);
        _port = _ports.Map("ports", DonePort, 2, new Ports(this));
    }

    public HostMemory Memory { get; } = new("written by a device", Length);

    public AddressSpace Space => _space;

    /// <summary>What the device does when the program writes its port.</summary>
    public Action? Device { get; set; }

    public uint ResultOf(int index) => ((uint*)(Memory.Pointer + Result))[index];

    /// <summary>Writes <c>mov eax, value; ret</c> as a device does whose writes nobody notes.</summary>
    public void WriteFunctionUnseen(uint value)
    {
        byte* function = Memory.Pointer + Function;
        *(uint*)(function + 1) = value;
        function[0] = 0xB8;
        function[5] = 0xC3;
    }

    public void Run(Action<Assembler> program)
    {
        Assembler assembler = new(64);
        program(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), Code);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(new Span<byte>(Memory.Pointer + Code, 0x8000));
        _cpu.Boot(new CpuBootState { Mode = CpuMode.Long64, Rip = Code, Rsp = Stack, PageTable = Tables, GdtBase = Gdt, GdtLimit = 31 });
        _cpu.State->IdtBase = Idt;
        _cpu.State->IdtLimit = (256 * 16) - 1;
        Assert.True(_cpu.Run() == CpuExit.Stopped, _cpu.Describe());
    }

    /// <summary>Has an interrupt vector enter code.</summary>
    public void SetGate(int vector, ulong handler)
    {
        ulong* gate = (ulong*)(Memory.Pointer + Idt + (ulong)(vector * 16));
        gate[0] = 0x8E00_0010_0000UL | (handler & 0xFFFF) | ((handler >> 16) << 48);
        gate[1] = 0;
    }

    /// <summary>Blocks that were translated.</summary>
    public long Translated => _cpu.Translated?.Blocks ?? 0;

    public void Dispose()
    {
        _cpu.Dispose();
        _port.Dispose();
        _mapping.Dispose();
        Memory.Dispose();
    }

    private sealed class Ports(WritingDeviceMachine machine) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            if (offset == 0)
            {
                machine._cpu.Stop();
            }
            else
            {
                machine.Device!();
            }

            return AccessStatus.Done;
        }
    }
}
