using Iced.Intel;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Engines.Software.Tests.InterruptControllers;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Engines.Software.Tests.Vectors;

/// <summary>A processor in 64-bit mode over 2 MiB of memory mapped one to one, with SSE enabled; it is stepped through code.</summary>
internal sealed unsafe class VectorMachine : IDisposable
{
    public const ulong Code = 0x10000;
    public const ulong Data = 0x20000;
    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const ulong Idt = 0x6000;
    private const ulong Stack = 0x8000;
    private const ulong Handlers = 0x9000;
    private const ulong Length = 2 << 20;

    private readonly AddressSpace _space = new("memory");
    private readonly HostMemory _memory = new("vectors", Length);
    private readonly Mapping _mapping;
    private readonly CpuBootState _boot = new() { Mode = CpuMode.Long64, Rip = Code, Rsp = Stack, PageTable = Tables, GdtBase = Gdt, GdtLimit = 31 };

    public VectorMachine()
    {
        _mapping = _space.MapMemory("RAM", 0, _memory, 0, Length);
        ulong* tables = (ulong*)(_memory.Pointer + Tables);
        tables[0] = (Tables + 0x1000) | 3;
        tables[512] = (Tables + 0x2000) | 3;
        tables[1024] = 0x83;
        ulong* gdt = (ulong*)(_memory.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        ulong* idt = (ulong*)(_memory.Pointer + Idt);
        for (ulong vector = 0; vector < 32; vector++)
        {
            idt[vector * 2] = 0x8E00_0010_0000UL | (Handlers + vector);
        }

        Cpu = new SoftwareCpu(0, 1, _space, new AddressSpace("ports"), new ManualClock(), new InterruptRouter());
        Restart();
    }

    public SoftwareCpu Cpu { get; }

    public CpuState* State => Cpu.State;

    public byte* Bytes => _memory.Pointer + Data;

    /// <summary>Registers as they are after boot; what was set up for SSE is set up again.</summary>
    public void Restart()
    {
        Cpu.Boot(_boot);
        State->Cr4 |= Cr4.FxsaveSupport | Cr4.SimdExceptions;
        State->Cr0 |= Cr0.MonitorCoprocessor;
        State->X87.Initialize();
        State->IdtBase = Idt;
        State->IdtLimit = (32 * 16) - 1;
    }

    /// <summary>Puts instructions at <see cref="Code"/>.</summary>
    /// <returns>How many there are.</returns>
    public int Assemble(Action<Assembler> instructions)
    {
        Assembler assembler = new(64);
        instructions(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), Code);
        ReadOnlySpan<byte> code = stream.GetBuffer().AsSpan(0, (int)stream.Length);
        code.CopyTo(new Span<byte>(_memory.Pointer + Code, (int)Length - (int)Code));
        return assembler.Instructions.Count;
    }

    /// <summary>Steps from <see cref="Code"/> on, to the first fault.</summary>
    /// <returns>The vector of the fault that an instruction raised, or −1.</returns>
    public int Run(int instructions)
    {
        State->Rip = Code;
        for (int i = 0; i < instructions; i++)
        {
            Assert.True(Cpu.Step());
            if (State->Rip is >= Handlers and < Handlers + 32)
            {
                return (int)(State->Rip - Handlers);
            }
        }

        return -1;
    }

    /// <summary>Assembles and runs.</summary>
    public int Run(Action<Assembler> instructions) => Run(Assemble(instructions));

    public void Dispose()
    {
        Cpu.Dispose();
        _mapping.Dispose();
        _memory.Dispose();
    }
}
