using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Runs the oracle's guest on an engine, with nothing around it but memory and the port that ends a run.</summary>
public sealed class EngineImageRunner : IImageRunner
{
    /// <summary>Far longer than the largest batch takes.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Func<AddressSpace, AddressSpace, IEngine> _create;

    /// <param name="create">Makes an engine with one processor over guest physical memory and ports.</param>
    public EngineImageRunner(Func<AddressSpace, AddressSpace, IEngine> create)
    {
        _create = create;
        Memory = new HostMemory("oracle-engine", OracleLayout.MemoryLength);
    }

    /// <inheritdoc/>
    public HostMemory Memory { get; }

    /// <inheritdoc/>
    public string? Run(ulong pageTable, ulong rip, ulong rsp)
    {
        AddressSpace memory = new("memory");
        AddressSpace ports = new("ports");
        using Mapping ram = memory.MapMemory("RAM", 0, Memory, 0, Memory.Length);

        // Engines stop for good, so each run has its own.
        using IEngine engine = _create(memory, ports);
        IVirtualCpu cpu = engine.Cpus[0];
        DonePort done = new(cpu);
        using Mapping port = ports.Map("done", OracleLayout.DonePort, 1, done);
        using Timer watchdog = new(static cpu => ((IVirtualCpu)cpu!).Stop(), cpu, _patience, Timeout.InfiniteTimeSpan);
        cpu.Boot(new CpuBootState { Mode = CpuMode.Long64, PageTable = pageTable, Rip = rip, Rsp = rsp, GdtBase = OracleLayout.Gdt, GdtLimit = OracleLayout.GdtLimit });
        CpuExit exit = cpu.Run();
        return done.IsWritten ? null : exit == CpuExit.Stopped ? "the engine did not come to an end" : $"the engine ended with {exit}: {cpu.Describe()}";
    }

    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();

    private sealed class DonePort(IVirtualCpu cpu) : IAccessHandler
    {
        public bool IsWritten { get; private set; }

        public AccessStatus Read(ulong offset, int size, out ulong value)
        {
            value = 0;
            return AccessStatus.Done;
        }

        public AccessStatus Write(ulong offset, int size, ulong value)
        {
            IsWritten = true;
            cpu.Stop();
            return AccessStatus.Done;
        }
    }
}
