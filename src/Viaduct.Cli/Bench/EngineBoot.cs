using System.Diagnostics;
using Viaduct.Cli.Guests;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench;

/// <summary>One boot to init, measured in the process that does nothing else.</summary>
internal sealed class EngineBoot
{
    private const string VcpuThreads = "vcpu-";

    private readonly long _began;
    private readonly EngineChoice _engine;
    private readonly int _cpus;
    private readonly bool _translates;
    private VirtualMachine? _machine;
    private long _firstInstruction;
    private EngineRun? _result;

    /// <param name="began">When the process was started: a <see cref="Stopwatch"/> timestamp, which is the host's.</param>
    /// <param name="engine">What runs the guest.</param>
    /// <param name="cpus">The guest's processors.</param>
    /// <param name="translates">Whether the software engine translates.</param>
    internal EngineBoot(long began, EngineChoice engine, int cpus, bool translates)
    {
        _began = began;
        _engine = engine;
        _cpus = cpus;
        _translates = translates;
    }

    /// <summary>Boots.</summary>
    /// <returns>The figures, or null where the guest ended before its init.</returns>
    internal async Task<EngineRun?> RunAsync(string kernel, string initrd, CancellationToken cancellation)
    {
        MachineSpec spec = new() { Kernel = kernel, Initrd = initrd, CommandLine = "console=ttyS0 quiet", Engine = _engine, Cpus = _cpus, Software = new() { Translates = _translates } };
        GuestConsole console = new(Follow);
        using VirtualMachine machine = new(spec, console, new EventLog(System.Console.Error));
        _machine = machine;
        using (cancellation.Register(machine.Stop))
        {
            machine.Start();
            SpinWait.SpinUntil(() => machine.Engine.Cpus[0].HasBegun || machine.Exited.IsCompleted);
            Volatile.Write(ref _firstInstruction, Stopwatch.GetTimestamp());
            await machine.Exited;
        }

        return _result;
    }

    private void Follow(string line)
    {
        if (GuestMark.TryParse(line) is not { Verb: "init" })
        {
            return;
        }

        VirtualMachine machine = _machine!;
        long first = Volatile.Read(ref _firstInstruction);
        _result = new EngineRun
        {
            Engine = machine.Engine.Name,
            FirstInstruction = Stopwatch.GetElapsedTime(_began, first).TotalMilliseconds,
            Boot = Stopwatch.GetElapsedTime(first).TotalSeconds,
            Instructions = machine.Instructions,
            CpuSeconds = ProcessFigures.ThreadSeconds(VcpuThreads),
            MonitorMemory = ProcessFigures.MemoryWithoutGuest(machine.Ram) / (double)(1 << 20),
        };
        machine.Serial.Receive("\n"u8);
    }
}
