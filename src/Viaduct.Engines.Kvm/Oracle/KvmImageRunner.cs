using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Runs the oracle's guest under KVM: the real processor.</summary>
public sealed class KvmImageRunner : IImageRunner
{
    /// <summary>Far longer than the largest batch takes.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly KvmSystem _system = new();
    private readonly KvmMachine _machine;
    private readonly KvmCpu _cpu;

    /// <exception cref="Platform.Host.HostException">There is no usable /dev/kvm.</exception>
    public KvmImageRunner()
    {
        Memory = new HostMemory("oracle-kvm", OracleLayout.MemoryLength);
        _machine = _system.CreateMachine();
        _machine.MapMemory(0, 0, Memory);
        _cpu = _machine.CreateCpu(0);
        _cpu.SetCpuid(_system.Cpuid);
    }

    /// <inheritdoc/>
    public HostMemory Memory { get; }

    /// <inheritdoc/>
    public string? Run(ulong pageTable, ulong rip, ulong rsp)
    {
        _cpu.EnterLongMode(pageTable, rip, rsp);
        using Timer watchdog = new(static cpu => ((KvmCpu)cpu!).Kick(), _cpu, _patience, Timeout.InfiniteTimeSpan);
        KvmExitReason exit = _cpu.Run();
        if (exit == KvmExitReason.Io && _cpu.Exit.IoPort == OracleLayout.DonePort)
        {
            return null;
        }

        KvmRegisters registers = _cpu.Registers;
        return $"KVM ended with exit {exit} (suberror {_cpu.Exit.InternalSuberror}, address {_cpu.Exit.MmioAddress:X}) at RIP {registers.Rip:X}, RSP {registers.Rsp:X}, CS {_cpu.SystemRegisters.Cs.Selector:X}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cpu.Dispose();
        _machine.Dispose();
        _system.Dispose();
        Memory.Dispose();
    }
}
