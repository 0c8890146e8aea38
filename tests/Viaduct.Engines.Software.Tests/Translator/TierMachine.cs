using Iced.Intel;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Engines.Software.Tests.InterruptControllers;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Engines.Software.Tests.Translator;

/// <summary>A processor at privilege level 0 that runs a program to its end, a write to a port, in either tier.</summary>
internal sealed unsafe class TierMachine : IDisposable
{
    public const ulong Code = 0x10000;
    public const ulong Data = 0x20000;
    public const ulong Missing = 0x40_0000;

    /// <summary>A linear page, shown by <see cref="WindowEntry"/> and unmapped at first.</summary>
    public const ulong Window = 0x20_0000;

    /// <summary>Where that page's entry is.</summary>
    public const ulong WindowEntry = 0x4000;

    /// <summary>The interrupt that <see cref="InterruptCode"/> answers.</summary>
    public const byte Interrupt = 0x40;

    /// <summary>Where that code is to be put.</summary>
    public const ulong InterruptCode = 0xA000;
    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const ulong Idt = 0x6000;
    private const ulong Stack = 0x30000;
    private const ulong Handler = 0x9000;
    private const ulong Length = 2 << 20;
    private const byte DonePort = 0x80;

    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly HostMemory _memory = new("tiers", Length);
    private readonly Mapping _mapping;
    private readonly Mapping _port;
    private readonly SoftwareCpu _cpu;

    public TierMachine(bool translates)
    {
        _mapping = _space.MapMemory("RAM", 0, _memory, 0, Length);
        ulong* tables = (ulong*)(_memory.Pointer + Tables);
        tables[0] = (Tables + 0x1000) | 3;
        tables[512] = (Tables + 0x2000) | 3;
        tables[1024] = 0x83;
        tables[1025] = WindowEntry | 3;
        ulong* gdt = (ulong*)(_memory.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        ulong* idt = (ulong*)(_memory.Pointer + Idt);
        for (ulong vector = 0; vector < 32; vector++)
        {
            idt[vector * 2] = 0x8E00_0010_0000UL | Handler;
        }

        idt[Interrupt * 2] = 0x8E00_0010_0000UL | InterruptCode;

        // Any exception ends the program; its frame stays on the stack.
        byte[] handler = [0xE6, DonePort, 0xF4];
        handler.CopyTo(new Span<byte>(_memory.Pointer + Handler, handler.Length));
        _cpu = new SoftwareCpu(0, 1, _space, _ports, new ManualClock(), new InterruptRouter(), translates ? 0 : null);
        _port = _ports.Map("done", DonePort, 1, new Done(_cpu));
    }

    public CpuState* State => _cpu.State;

    /// <summary>Runs instructions that begin at <see cref="Code"/>; what ends them is added.</summary>
    public void Run(Action<Assembler> instructions)
    {
        Put(Code, assembler =>
        {
            instructions(assembler);
            assembler.@out(DonePort, AssemblerRegisters.al);
            assembler.hlt();
        });
        _cpu.Boot(new CpuBootState { Mode = CpuMode.Long64, Rip = Code, Rsp = Stack, PageTable = Tables, GdtBase = Gdt, GdtLimit = 31 });
        State->Cr4 |= Cr4.FxsaveSupport;
        State->IdtBase = Idt;
        State->IdtLimit = ((Interrupt + 1) * 16) - 1;
        Assert.Equal(CpuExit.Stopped, _cpu.Run());
    }

    /// <summary>Puts instructions somewhere.</summary>
    public void Put(ulong address, Action<Assembler> instructions)
    {
        Assembler assembler = new(64);
        instructions(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(new Span<byte>(_memory.Pointer + address, 0x8000));
    }

    /// <summary>Eight bytes of memory.</summary>
    public ulong Read(ulong address) => *(ulong*)(_memory.Pointer + address);

    /// <summary>Blocks that were translated.</summary>
    public long Translated => _cpu.Translated?.Blocks ?? 0;

    /// <summary>Registers, flags, counted instructions, data and stack, to be compared.</summary>
    public string Describe()
    {
        List<string> lines = [];
        for (int i = 0; i < 16; i++)
        {
            lines.Add($"{i}: {State->Registers[i]:x}");
        }

        lines.Add($"flags {Flags.Read(State):x} rip {State->Rip:x} cr2 {State->Cr2:x} instructions {State->Instructions}");
        lines.Add(Convert.ToHexString(new ReadOnlySpan<byte>(_memory.Pointer + Data, 512)));
        lines.Add(Convert.ToHexString(new ReadOnlySpan<byte>(_memory.Pointer + Stack - 256, 256)));
        return string.Join('\n', lines);
    }

    public void Dispose()
    {
        _cpu.Dispose();
        _port.Dispose();
        _mapping.Dispose();
        _memory.Dispose();
    }

    private sealed class Done(SoftwareCpu cpu) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            cpu.Stop();
            return AccessStatus.Done;
        }
    }
}
