using System.Collections.Concurrent;
using Iced.Intel;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Tests.Guest;

/// <summary>
/// A machine of memory, two ports and the engine, and in it a guest of some instructions: 4 GiB mapped one to one, for
/// user code too. Loops of theirs that are long run at privilege level 3, which is native on every KVM.
/// </summary>
internal sealed unsafe class SmallGuest : IDisposable
{
    public const ulong Code = 0x8000;
    public const ulong Stack = 0x8_0000;
    public const ulong RamLength = 0x20_0000;
    public const uint ReportPort = 0x90;
    public const uint DonePort = 0x80;
    public const int UserCode = 0x2B;
    public const int UserData = 0x23;

    private const ulong Tables = 0x1000;
    private const ulong Directories = 0x1F_0000;
    private const ulong Gdt = 0x3000;
    private const ulong TaskState = 0x3800;
    private const ulong Idt = 0x4000;
    private const int GdtLimit = 0x3F;
    private const ushort KernelCode = 0x10;

    /// <summary>Only a hang takes as long.</summary>
    private static readonly TimeSpan _guard = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(Thread Thread, CpuExit[] Exit)> _threads = [];

    public SmallGuest(Action<GuestCode> write, int cpus = 1, Action<SmallGuest>? prepare = null)
    {
        KvmPresence.Require();
        Ram = new HostMemory("test-ram", RamLength);
        Memory.MapMemory("RAM", 0, Ram, 0, RamLength);
        Ports.Map("report", ReportPort, 4, new ReportHandler(Reports));
        Ports.Map("done", DonePort, 1, new DoneHandler(_done));
        prepare?.Invoke(this);
        WriteSystem();
        GuestCode code = new();
        write(code);
        WriteCode(code);
        Engine = new KvmEngine(Memory, Ports, cpus);
        Engine.Cpus[0].Boot(new CpuBootState
        {
            Mode = CpuMode.Long64,
            Rip = Code,
            Rsp = Stack,
            PageTable = Tables,
            GdtBase = Gdt,
            GdtLimit = GdtLimit,
        });
    }

    public AddressSpace Memory { get; } = new("memory");

    public AddressSpace Ports { get; } = new("ports");

    public HostMemory Ram { get; }

    public KvmEngine Engine { get; }

    /// <summary>What the guest told.</summary>
    public ConcurrentQueue<uint> Reports { get; } = new();

    /// <summary>Completes when the guest says that it is done.</summary>
    public Task Done => _done.Task;

    /// <summary>Runs a guest until it says that it is done, and gives what it reported.</summary>
    public static uint[] Run(Action<GuestCode> write, int cpus = 1, Action<SmallGuest>? prepare = null)
    {
        using SmallGuest guest = new(write, cpus, prepare);
        guest.Start();
        guest.AwaitDone();
        guest.Stop();
        return [.. guest.Reports];
    }

    /// <summary>Starts the processors, each on a thread.</summary>
    public void Start()
    {
        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            CpuExit[] exit = [CpuExit.InternalError];
            Thread thread = new(() => Run(cpu, exit)) { Name = $"vcpu-{cpu.ApicId}", IsBackground = true };
            _threads.Add((thread, exit));
            thread.Start();
        }
    }

    /// <summary>Waits for the guest's word.</summary>
    public void AwaitDone()
    {
        _ = Task.WaitAny([Done, _ended.Task], _guard);
        Assert.True(
            Done.IsCompleted,
            $"the guest didn't end well: {string.Join("; ", Engine.Cpus.Select(cpu => cpu.Describe()))}; it reported {string.Join(", ", Reports.Select(value => $"{value:x}"))}");
    }

    /// <summary>Waits for a processor's own end.</summary>
    public CpuExit AwaitEnd(int cpu = 0)
    {
        Assert.True(_threads[cpu].Thread.Join(_guard), $"processor {cpu} didn't end");
        return _threads[cpu].Exit[0];
    }

    /// <summary>Stops all processors and expects that each ends because of it.</summary>
    public void Stop()
    {
        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            cpu.Stop();
        }

        for (int i = 0; i < _threads.Count; i++)
        {
            Assert.True(AwaitEnd(i) == CpuExit.Stopped, Engine.Cpus[i].Describe());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            cpu.Stop();
        }

        foreach ((Thread thread, _) in _threads)
        {
            Assert.True(thread.Join(_guard), $"{thread.Name} didn't end");
        }

        Engine.Dispose();
        Ram.Dispose();
    }

    private void Run(IVirtualCpu cpu, CpuExit[] exit)
    {
        exit[0] = cpu.Run();
        _ = _ended.TrySetResult();
    }

    private void WriteSystem()
    {
        const ulong UserTable = 7;
        const ulong UserLargePage = 0x87;
        const ulong Gibibytes = 4;
        byte* image = Ram.Pointer;
        *(ulong*)(image + Tables) = (Tables + 0x1000) | UserTable;
        for (ulong i = 0; i < Gibibytes; i++)
        {
            *(ulong*)(image + Tables + 0x1000 + (i * 8)) = (Directories + (i * 0x1000)) | UserTable;
        }

        for (ulong i = 0; i < Gibibytes * 512; i++)
        {
            *(ulong*)(image + Directories + (i * 8)) = (i << 21) | UserLargePage;
        }

        ulong* gdt = (ulong*)(image + Gdt);
        gdt[2] = 0x00AF_9B00_0000_FFFF;
        gdt[3] = 0x00CF_9300_0000_FFFF;
        gdt[4] = 0x00CF_F300_0000_FFFF;
        gdt[5] = 0x00AF_FB00_0000_FFFF;
        gdt[6] = 0x67 | (TaskState << 16) | (0x89UL << 40);
        *(ulong*)(image + TaskState + 4) = Stack - 0x4000;
    }

    private void WriteCode(GuestCode code)
    {
        Assembler start = new(64);
        start.mov(AssemblerRegisters.eax, 0x30);
        start.ltr(AssemblerRegisters.ax);
        start.lidt(AssemblerRegisters.__[Idt - 0x10]);
        *(ushort*)(Ram.Pointer + Idt - 0x10) = 0xFFF;
        *(ulong*)(Ram.Pointer + Idt - 0x10 + 2) = Idt;
        int length = Emit(start, Code, out _);
        _ = Emit(code.A, Code + (ulong)length, out AssemblerResult result);
        foreach ((byte vector, Label label) in code.Handlers)
        {
            ulong target = result.GetLabelRIP(label);
            ulong* gate = (ulong*)(Ram.Pointer + Idt + (vector * 16UL));
            gate[0] = (target & 0xFFFF) | ((ulong)KernelCode << 16) | (0xEEUL << 40) | ((target >> 16) << 48);
        }
    }

    private int Emit(Assembler assembler, ulong address, out AssemblerResult result)
    {
        using MemoryStream stream = new();
        result = assembler.Assemble(new StreamCodeWriter(stream), address, BlockEncoderOptions.ReturnNewInstructionOffsets);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(new Span<byte>(Ram.Pointer + address, (int)stream.Length));
        return (int)stream.Length;
    }

    private sealed class ReportHandler(ConcurrentQueue<uint> reports) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            reports.Enqueue((uint)value);
            return AccessStatus.Done;
        }
    }

    private sealed class DoneHandler(TaskCompletionSource done) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            _ = done.TrySetResult();
            return AccessStatus.Done;
        }
    }
}
