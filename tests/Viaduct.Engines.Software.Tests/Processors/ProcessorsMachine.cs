using Iced.Intel;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;
using Viaduct.Platform.State;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>
/// A machine of several processors without an operating system. All run one program in 64-bit mode at privilege level 0,
/// the bootstrap processor first, the others as it starts them; RDI is the processor's number. The first 4 GiB are
/// mapped to themselves, and RBX has the local APIC's address; at <see cref="Window"/> there is a page table of the program's own.
/// </summary>
internal sealed unsafe class ProcessorsMachine : IDisposable
{
    public const ulong Code = 0x10_0000;
    public const ulong Data = 0x20_0000;
    public const ulong Window = 0x80_0000_0000;
    public const ulong WindowTable = 0x5000;
    public const ulong Idt = 0x7000;
    public const ulong Apic = 0xFEE0_0000;
    public const int StartPage = 8;

    private const ulong Tables = 0x1000;
    private const ulong Gdt = 0x6000;
    private const ulong Start = StartPage << 12;
    private const ulong Stacks = 0x30_0000;
    private const ulong Length = 4 << 20;
    private const ulong Finished = 0x9000;
    private const byte DonePort = 0x80;
    private const ushort Code64 = 0x10;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    private readonly AddressSpace _space = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly HostMemory _memory = new("processors", Length);
    private readonly Mapping _ram;
    private readonly Mapping _port;
    private readonly SoftwareEngine _engine;
    private readonly int _count;
    private bool _done;

    public ProcessorsMachine(int count, bool translates)
    {
        _count = count;
        _ram = _space.MapMemory("RAM", 0, _memory, 0, Length);
        _engine = new SoftwareEngine(_space, _ports, count, new SoftwareEngineOptions { Translates = translates, TranslateAfter = 2 });
        _port = _ports.Map("done", DonePort, 1, new DonePortHandler(this));
        WriteTables();
    }

    /// <summary>Reads a word that the program left.</summary>
    public ulong this[ulong address] => Volatile.Read(ref *(ulong*)(_memory.Pointer + address));

    /// <summary>Runs a program on all processors until each has come to its end.</summary>
    /// <param name="program">Emits what all run; RDI is the processor's number. It ends by falling off its end.</param>
    public void Run(Action<Assembler> program)
    {
        CpuExit[] exits = RunToAnyEnd(program);
        Assert.True(_done, string.Join("; ", _engine.Cpus.Select((cpu, number) => $"{number}: {exits[number]}, {cpu.Describe()}")));
    }

    /// <summary>Runs a program until one processor ends, whatever the reason.</summary>
    /// <returns>How each ended.</returns>
    public CpuExit[] RunToAnyEnd(Action<Assembler> program)
    {
        Boot(program);
        return RunProcessors();
    }

    /// <summary>Runs a program until the bootstrap processor has finished a number of instructions, and stops it there.</summary>
    /// <returns>The engine's state; null where the program came to its end before.</returns>
    public ReadOnlyMemory<byte>? RunToCut(Action<Assembler> program, long instructions)
    {
        Boot(program);
        Thread cutter = new(() =>
        {
            SpinWait.SpinUntil(() => _done || _engine.Cpus[0].Instructions >= instructions);
            Stop();
        });
        cutter.Start();
        _ = RunProcessors();
        cutter.Join();
        if (_done)
        {
            return null;
        }

        StateWriter writer = new();
        writer.Record(_engine.State);
        return writer.Written;
    }

    /// <summary>Goes on where another machine was stopped, to the end of its program.</summary>
    public void GoOn(ProcessorsMachine from, ReadOnlyMemory<byte> state)
    {
        new ReadOnlySpan<byte>(from._memory.Pointer, (int)Length).CopyTo(new Span<byte>(_memory.Pointer, (int)Length));
        new StateReader(state).Record(_engine.State);
        CpuExit[] exits = RunProcessors();
        Assert.True(_done, string.Join("; ", _engine.Cpus.Select((cpu, number) => $"{number}: {exits[number]}, {cpu.Describe()}")));
    }

    private void Boot(Action<Assembler> program)
    {
        Put(Start, 16, EmitStart);
        Put(Code, 64, code => EmitProgram(code, program));
        _engine.Cpus[0].Boot(new CpuBootState { Mode = CpuMode.Long64, Rip = Code, Rsp = Stacks + 0x1000, PageTable = Tables, GdtBase = Gdt, GdtLimit = 31 });
    }

    private CpuExit[] RunProcessors()
    {
        List<Thread> threads = [];
        CpuExit[] exits = new CpuExit[_count];
        for (int i = 0; i < _count; i++)
        {
            int number = i;
            Thread thread = new(() =>
            {
                exits[number] = _engine.Cpus[number].Run();
                Stop();
            });
            thread.Start();
            threads.Add(thread);
        }

        using Timer watchdog = new(_ => Stop(), null, _patience, Timeout.InfiniteTimeSpan);
        threads.ForEach(static thread => thread.Join());
        return exits;
    }

    /// <summary>Sets the gate of a vector to a handler at an address; any processor's after its LIDT.</summary>
    public void SetGate(int vector, ulong handler)
    {
        ulong* gate = (ulong*)(_memory.Pointer + Idt + ((ulong)vector * 16));
        gate[0] = (handler & 0xFFFF) | ((ulong)Code64 << 16) | (0x8EUL << 40) | ((handler >> 16) << 48);
        gate[1] = 0;
    }

    /// <summary>Puts code at an address.</summary>
    public void Put(ulong address, int bitness, Action<Assembler> emit)
    {
        Assembler assembler = new(bitness);
        emit(assembler);
        using MemoryStream stream = new();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(new Span<byte>(_memory.Pointer + address, 0x8000));
    }

    /// <summary>Sets a page of the window.</summary>
    public void Map(int page, ulong physical) => ((ulong*)(_memory.Pointer + WindowTable))[page] = physical | 3;

    /// <summary>Emits a wait of all processors for each other, by a count of arrivals at an address.</summary>
    public void EmitBarrier(Assembler code, ulong counter)
    {
        Label wait = code.CreateLabel();
        Label on = code.CreateLabel();
        code.mov(rax, __qword_ptr[counter + 8]);
        code.mov(edx, 1);
        code.@lock.xadd(__qword_ptr[counter], rdx);
        code.cmp(rdx, _count - 1);
        code.jne(wait);
        code.mov(__qword_ptr[counter], 0);
        code.inc(__qword_ptr[counter + 8]);
        code.jmp(on);
        code.Label(ref wait);
        code.pause();
        code.cmp(rax, __qword_ptr[counter + 8]);
        code.je(wait);
        code.Label(ref on);
    }

    public void Dispose()
    {
        _engine.Dispose();
        _port.Dispose();
        _ram.Dispose();
        _memory.Dispose();
    }

    private void Stop()
    {
        foreach (IVirtualCpu cpu in _engine.Cpus)
        {
            cpu.Stop();
        }
    }

    private void WriteTables()
    {
        ulong* tables = (ulong*)(_memory.Pointer + Tables);
        tables[0] = (Tables + 0x1000) | 3;
        tables[1] = (Tables + 0x2000) | 3;
        for (ulong i = 0; i < 4; i++)
        {
            tables[512 + i] = (i << 30) | 0x83;
        }

        tables[1024] = (Tables + 0x3000) | 3;
        tables[1536] = WindowTable | 3;
        ulong* gdt = (ulong*)(_memory.Pointer + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;

        // What LGDT and LIDT read.
        *(ushort*)(_memory.Pointer + Gdt + 0x40) = 31;
        *(uint*)(_memory.Pointer + Gdt + 0x42) = (uint)Gdt;
        *(ushort*)(_memory.Pointer + Gdt + 0x50) = 0xFFF;
        *(ulong*)(_memory.Pointer + Gdt + 0x52) = Idt;
    }

    // Real mode straight to 64-bit mode.
    private void EmitStart(Assembler code)
    {
        code.cli();
        code.xor(eax, eax);
        code.mov(ds, eax);
        code.db(0x66, 0x0F, 0x01, 0x16, 0x40, 0x60);
        code.mov(eax, 0x620);
        code.mov(cr4, eax);
        code.mov(eax, (uint)Tables);
        code.mov(cr3, eax);
        code.mov(ecx, 0xC000_0080);
        code.rdmsr();
        code.or(eax, 0x100);
        code.wrmsr();
        code.mov(eax, 0x8001_0011);
        code.mov(cr0, eax);

        // JMP 10:CODE
        code.db(0x66, 0xEA);
        code.dd((uint)Code);
        code.dw(Code64);
    }

    private void EmitProgram(Assembler code, Action<Assembler> program)
    {
        Label started = code.CreateLabel();
        code.mov(eax, 0x18);
        code.mov(ds, eax);
        code.mov(es, eax);
        code.mov(ss, eax);
        code.lidt(__[Gdt + 0x50]);
        code.mov(ebx, (uint)Apic);
        code.mov(edi, __dword_ptr[rbx + 0x20]);
        code.shr(edi, 24);
        code.mov(rsp, Stacks + 0x1000);
        code.mov(eax, edi);
        code.shl(eax, 12);
        code.add(rsp, rax);
        code.mov(__dword_ptr[rbx + 0xF0], 0x1FF);
        code.test(edi, edi);
        code.jnz(started);
        if (_count > 1)
        {
            code.mov(__dword_ptr[rbx + 0x300], 0xC4500);
            code.mov(__dword_ptr[rbx + 0x300], 0xC4600 | StartPage);
        }

        code.Label(ref started);
        program(code);
        Label last = code.CreateLabel();
        code.mov(eax, 1);
        code.@lock.xadd(__dword_ptr[Finished], eax);
        code.cmp(eax, _count - 1);
        code.jne(last);
        code.@out(DonePort, al);
        code.Label(ref last);
        code.cli();
        code.hlt();
        code.jmp(last);
    }

    private sealed class DonePortHandler(ProcessorsMachine machine) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            machine._done = true;
            machine.Stop();
            return AccessStatus.Done;
        }
    }
}
