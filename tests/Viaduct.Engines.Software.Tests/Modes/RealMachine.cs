using Iced.Intel;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Tests.InterruptControllers;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>A processor that a start-up message sent to real-address mode; it runs until code writes to a port.</summary>
internal sealed unsafe class RealMachine : IDisposable
{
    /// <summary>Where code begins: offset 0 of segment 1000H.</summary>
    public const ulong Code = 0x10000;
    public const ushort CodeSegment = 0x1000;
    public const ushort DataSegment = 0x2000;
    public const ulong Data = 0x20000;
    public const ushort HandlerSegment = 0x0900;
    public const ushort StackTop = 0x8000;

    private const ulong Length = 8 << 20;
    private const byte DonePort = 0x80;

    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly HostMemory _memory = new("modes", Length);
    private readonly Mapping _mapping;
    private readonly Mapping _port;

    public RealMachine()
    {
        _mapping = _space.MapMemory("RAM", 0, _memory, 0, Length);
        Cpu = new SoftwareCpu(0, 1, _space, _ports, new ManualClock(), new InterruptRouter());
        _port = _ports.Map("done", DonePort, 1, new Done(Cpu));

        // Each vector's handler puts its number into AH and ends.
        for (uint vector = 0; vector < 256; vector++)
        {
            uint offset = vector * 8;
            Write(vector * 4, (offset | ((uint)HandlerSegment << 16)));
            byte[] handler = [0xB4, (byte)vector, 0xE6, DonePort, 0xF4];
            handler.CopyTo(new Span<byte>(_memory.Pointer + ((ulong)HandlerSegment << 4) + offset, handler.Length));
        }

        BootState.StartUp(Cpu, 0x10);
        Cpu.Segments.LoadReal(3, DataSegment);
        State->Registers[4] = StackTop;
    }

    public SoftwareCpu Cpu { get; }

    public CpuState* State => Cpu.State;

    public ulong Rax => State->Registers[0];

    /// <summary>The exception's vector, which its handler put into AH.</summary>
    public int Vector => (int)((Rax >> 8) & 0xFF);

    /// <summary>Whether it was a handler that ended the program.</summary>
    public bool Faulted => State->Segments[1].Selector == HandlerSegment;

    public T Read<T>(ulong address)
        where T : unmanaged => *(T*)(_memory.Pointer + address);

    public void Write<T>(ulong address, T value)
        where T : unmanaged => *(T*)(_memory.Pointer + address) = value;

    public void Write(ulong address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(_memory.Pointer + address, bytes.Length));

    /// <summary>Puts instructions into memory.</summary>
    public void Assemble(int bitness, ulong address, ulong ip, Action<Assembler> instructions)
    {
        Assembler assembler = new(bitness);
        instructions(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), ip);
        Write(address, stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    /// <summary>Runs 16-bit code at <see cref="Code"/>, to what ends it.</summary>
    public void Run(Action<Assembler> instructions)
    {
        Assemble(16, Code, 0, code =>
        {
            instructions(code);
            code.@out(DonePort, AssemblerRegisters.al);
            code.hlt();
        });
        Assert.Equal(CpuExit.Stopped, Cpu.Run());
    }

    /// <summary>Runs what is at the present CS:IP.</summary>
    public CpuExit Run() => Cpu.Run();

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
