using Iced.Intel;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Tests.InterruptControllers;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>A processor with all features in 64-bit mode, whose pages have entries of their own; it runs until a write to a port or an exception.</summary>
internal sealed unsafe class PagedMachine : IDisposable
{
    public const ulong Code = 0x10000;
    public const ulong UserData = 0x20000;
    public const ulong SystemData = 0x21000;
    public const ulong Stack = 0x30000;
    public const ushort UserCode = 0x20 | 3;
    public const ushort UserStack = 0x28 | 3;

    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x5000;
    private const ulong Idt = 0x6000;
    private const ulong Handlers = 0x9000;
    private const ulong Length = 2 << 20;
    private const byte DonePort = 0x80;
    private const ulong Present = 7;

    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly HostMemory _memory = new("features", Length);
    private readonly Mapping _mapping;
    private readonly Mapping _port;

    public PagedMachine()
    {
        _mapping = _space.MapMemory("RAM", 0, _memory, 0, Length);
        ulong* tables = (ulong*)(_memory.Pointer + Tables);
        for (ulong level = 0; level < 3; level++)
        {
            tables[level * 512] = (Tables + ((level + 1) * 0x1000)) | Present;
        }

        for (ulong page = 0; page < 512; page++)
        {
            SetEntry(page << 12, Present & ~4UL);
        }

        SetEntry(UserData, Present);
        SetEntry(Code, Present);
        ulong* gdt = (ulong*)(_memory.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        gdt[4] = 0x00AF_FB00_0000_FFFF;
        gdt[5] = 0x00CF_F300_0000_FFFF;
        ulong* idt = (ulong*)(_memory.Pointer + Idt);
        for (ulong vector = 0; vector < 32; vector++)
        {
            ulong handler = Handlers + (vector * 8);
            idt[vector * 2] = 0x8E00_0010_0000UL | handler;
            byte[] code = [0xB4, (byte)vector, 0xE6, DonePort, 0xF4];
            code.CopyTo(new Span<byte>(_memory.Pointer + handler, code.Length));
        }

        // The task state: RSP0.
        *(ulong*)(_memory.Pointer + 0x7004) = 0x8F00;
        Cpu = new SoftwareCpu(0, 1, _space, _ports, new ManualClock(), new InterruptRouter(), features: ProcessorFeatures.All);
        _port = _ports.Map("done", DonePort, 1, new Done(Cpu));
        Cpu.Boot(new CpuBootState { Mode = CpuMode.Long64, Rip = Code, Rsp = Stack, PageTable = Tables, GdtBase = Gdt, GdtLimit = 47 });
        State->Segments[7].Base = 0x7000;
        State->IdtBase = Idt;
        State->IdtLimit = (32 * 16) - 1;
    }

    public SoftwareCpu Cpu { get; }

    public CpuState* State => Cpu.State;

    /// <summary>The vector of the exception that ended the program, −1 when none did.</summary>
    public int Vector => State->Rip is >= Handlers and < Handlers + 0x100 ? (int)((State->Rip - Handlers) / 8) : -1;

    /// <summary>The error code that the exception pushed.</summary>
    public ulong ErrorCode => Read<ulong>(State->Registers[4]);

    public T Read<T>(ulong address)
        where T : unmanaged => *(T*)(_memory.Pointer + address);

    public void Write<T>(ulong address, T value)
        where T : unmanaged => *(T*)(_memory.Pointer + address) = value;

    /// <summary>Sets a page's entry: its own address with some bits.</summary>
    public void SetEntry(ulong page, ulong bits) => ((ulong*)(_memory.Pointer + Tables + 0x3000))[page >> 12] = page | bits;

    /// <summary>Runs code at privilege level 0.</summary>
    public void Run(Action<Assembler> instructions)
    {
        Assembler assembler = new(64);
        instructions(assembler);
        assembler.@out(DonePort, AssemblerRegisters.al);
        assembler.db(0xEB, 0xFE);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), Code);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(new Span<byte>(_memory.Pointer + Code, 0x1000));
        State->Rip = Code;
        Assert.Equal(CpuExit.Stopped, Cpu.Run());
    }

    /// <summary>Adds what goes on at privilege level 3 with the next instruction.</summary>
    public static void EnterUser(Assembler code, ulong stack, uint flags = 2)
    {
        Label user = code.CreateLabel();
        code.push(UserStack);
        code.mov(AssemblerRegisters.rcx, stack);
        code.push(AssemblerRegisters.rcx);
        code.push((int)flags);
        code.push(UserCode);
        code.lea(AssemblerRegisters.rcx, AssemblerRegisters.__[user]);
        code.push(AssemblerRegisters.rcx);
        code.iretq();
        code.Label(ref user);
    }

    public void Dispose()
    {
        Cpu.Dispose();
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
