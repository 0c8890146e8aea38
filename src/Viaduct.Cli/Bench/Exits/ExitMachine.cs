using System.Diagnostics;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>The bench's guest on an engine of ours, its registers in address spaces that hold as much as a machine's.</summary>
internal sealed class ExitMachine : IDisposable
{
    /// <summary>What else is mapped in a machine with some devices.</summary>
    private const int Others = 32;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly HostMemory _ram = new("bench-ram", ExitGuest.Length);
    private readonly EventFd _doorbell = new();
    private readonly EventFd _interrupt = new();
    private readonly ControlRegister _control = new();
    private readonly IEngine _engine;
    private readonly IMessageEvent? _message;
    private readonly Thread _thread;
    private volatile string? _end;

    /// <param name="kind">What the guest does.</param>
    /// <param name="create">Makes the engine, of memory and ports.</param>
    internal ExitMachine(ExitKind kind, Func<AddressSpace, AddressSpace, IEngine> create)
    {
        AddressSpace memory = new("memory");
        AddressSpace ports = new("ports");
        DeviceCounters counters = new("bench", Road.Emulated);
        memory.MapMemory("RAM", 0, _ram, 0, ExitGuest.Length);
        _ = new GuestMemory(memory).TryWrite(0, ExitGuest.Build(kind));
        StoredRegister register = new();
        ports.Map("control", ExitGuest.ControlPort, 4, _control);
        ports.Map("register", ExitGuest.RegisterPort, 4, register, counters: counters);
        memory.Map("register", ExitGuest.RegisterAddress, 4, register, MappingPriority.Bar, counters);
        memory.Map("doorbell", ExitGuest.DoorbellAddress, 4, register, MappingPriority.Bar, counters, [new DoorbellSignal(0, 4, _doorbell)]);
        for (uint i = 0; i < Others; i++)
        {
            memory.Map("other", ExitGuest.RegisterAddress + ((i + 2) << 12), 4, register, MappingPriority.Bar, counters);
            ports.Map("other", 0x1000 + (i << 8), 4, register, MappingPriority.Bar, counters);
        }

        _engine = create(memory, ports);
        _message = _engine.InterruptEvents?.AddMessage(_interrupt);
        _message?.Connect(0, ExitGuest.MessageAddress, ExitGuest.Vector);
        IAccessHandler interrupting = _message is null ? new MessageRegister(_engine.Msi) : new SignalRegister(_interrupt);
        ports.Map("interrupt", ExitGuest.InterruptPort, 4, interrupting, counters: counters);
        IVirtualCpu cpu = _engine.Cpus[0];
        cpu.Boot(ExitGuest.Boot);
        _thread = new Thread(() => Run(cpu)) { Name = "vcpu-bench", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Has the guest do so many accesses.</summary>
    /// <returns>Nanoseconds for one.</returns>
    /// <exception cref="IOException">The guest ended.</exception>
    internal double Measure(int count)
    {
        long? ticks = _control.Measure(count, _patience);
        return ticks is { } measured
            ? measured * (1e9 / Stopwatch.Frequency) / count
            : throw new IOException($"the bench's guest doesn't answer: {_end ?? "it hangs"}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine.Cpus[0].Stop();
        _control.Stop();
        _thread.Join();
        _message?.Dispose();
        _engine.Dispose();
        _interrupt.Dispose();
        _doorbell.Dispose();
        _control.Dispose();
        _ram.Dispose();
    }

    private void Run(IVirtualCpu cpu)
    {
        CpuExit exit = cpu.Run();
        _end = exit == CpuExit.Stopped ? null : cpu.Describe();
    }
}
