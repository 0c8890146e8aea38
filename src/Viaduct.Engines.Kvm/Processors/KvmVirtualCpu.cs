using Viaduct.Engines.Kvm.Interop;
using Viaduct.Engines.Kvm.Memory;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm.Processors;

/// <summary>
/// One processor on KVM: its thread is in KVM_RUN until the guest accesses what no memory slot or controller in the
/// kernel answers, or another thread wants it to stop. Halts, interrupts and start-up messages are the kernel's.
/// </summary>
internal sealed class KvmVirtualCpu : IVirtualCpu, IDisposable
{
    private readonly KvmCpu _cpu;
    private readonly AccessDispatcher _dispatcher;
    private readonly MemorySlots _slots;
    private volatile bool _stopping;
    private volatile bool _hasBegun;
    private string _description = "not started";
    private long _exits;

    public KvmVirtualCpu(int apicId, KvmCpu cpu, AccessDispatcher dispatcher, MemorySlots slots)
    {
        ApicId = apicId;
        _cpu = cpu;
        _dispatcher = dispatcher;
        _slots = slots;
    }

    /// <inheritdoc/>
    public int ApicId { get; }

    /// <inheritdoc/>
    public long Instructions => 0;

    /// <inheritdoc/>
    public bool HasBegun => _hasBegun;

    /// <summary>How often KVM_RUN has come back with something to do.</summary>
    public long Exits => Volatile.Read(ref _exits);

    /// <summary>KVM's own processor; for its thread, or while it doesn't run.</summary>
    public KvmCpu Cpu => _cpu;

    /// <inheritdoc/>
    public void Boot(CpuBootState state) => BootState.Apply(_cpu, state);

    /// <inheritdoc/>
    public CpuExit Run()
    {
        _description = "running";
        try
        {
            return RunUntilStopped();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _description = $"the monitor failed at {ExitText.Where(_cpu)}: {error}";
            return CpuExit.InternalError;
        }
    }

    /// <inheritdoc/>
    public string Describe() => _description;

    /// <inheritdoc/>
    public void Stop()
    {
        _stopping = true;
        _cpu.Kick();
    }

    /// <inheritdoc/>
    public void Dispose() => _cpu.Dispose();

    private unsafe CpuExit RunUntilStopped()
    {
        KvmRunPage* page = _cpu.Page;
        while (true)
        {
            long changes = _slots.Changes;
            _hasBegun = true;
            KvmExitReason reason = _cpu.Run();
            switch (reason)
            {
                case KvmExitReason.Io:
                    _exits++;
                    _dispatcher.Port(page);
                    break;
                case KvmExitReason.Mmio:
                    _exits++;
                    _dispatcher.Memory(page);
                    break;
                case KvmExitReason.Intr:
                    // What was accessed last is complete: KVM_RUN sees to that before it looks at the request to return.
                    if (_stopping)
                    {
                        _stopping = false;
                        _description = "stopped";
                        return CpuExit.Stopped;
                    }

                    break;
                case KvmExitReason.IrqWindowOpen:
                    break;
                case KvmExitReason.InternalError when WasBetweenSlots(page, changes):
                    break;
                case KvmExitReason.Shutdown:
                    _description = ExitText.TripleFault(_cpu);
                    return CpuExit.TripleFault;
                default:
                    _description = ExitText.Failure(_cpu, reason);
                    return CpuExit.InternalError;
            }
        }
    }

    // Code can't be fetched from memory whose slot is being replaced; the instruction is begun anew once it is there.
    private unsafe bool WasBetweenSlots(KvmRunPage* page, long changes)
    {
        const uint Emulation = 1;
        if (page->InternalSuberror != Emulation || (_slots.Changes == changes && (changes & 1) == 0))
        {
            return false;
        }

        _slots.Follow();
        return true;
    }
}
