using Viaduct.Engines.Kvm.Doorbells;
using Viaduct.Engines.Kvm.Events;
using Viaduct.Engines.Kvm.Identification;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Engines.Kvm.Interrupts;
using Viaduct.Engines.Kvm.Memory;
using Viaduct.Engines.Kvm.Processors;
using Viaduct.Engines.Kvm.State;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Kvm;

/// <summary>An x86-64 machine's processors and interrupt controllers on Linux's KVM.</summary>
public sealed class KvmEngine : IEngine
{
    /// <summary>How many processors it can have.</summary>
    public const int MaxCpus = 64;

    private const int Inputs = 24;

    private readonly Stack<IDisposable> _owned = new();
    private readonly KvmVirtualCpu[] _cpus;
    private readonly MemorySlots _slots;
    private readonly InterruptInput[] _inputs;

    /// <param name="memory">Guest physical memory; the interrupt controllers in the kernel lie over it.</param>
    /// <param name="ports">I/O ports.</param>
    /// <param name="cpus">How many processors, at most <see cref="MaxCpus"/>.</param>
    /// <param name="options">How it runs.</param>
    /// <exception cref="HostException">There is no KVM for this user, or it can't make such a machine.</exception>
    public KvmEngine(AddressSpace memory, AddressSpace ports, int cpus, KvmEngineOptions? options = null)
    {
        options ??= new KvmEngineOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cpus, MaxCpus);
        try
        {
            KvmSystem system = Own(new KvmSystem(options.Path));
            Require(system);
            KvmMachine machine = Own(system.CreateMachine());
            machine.CreateInterruptControllers(split: false, Inputs);
            _slots = Own(new MemorySlots(machine, memory));
            _cpus = CreateCpus(system, machine, cpus, new AccessDispatcher(memory, ports, _slots));
            _ = Own(new DoorbellFollower(machine, memory, ports, system.Capability(KvmCapability.DoorbellsOfAnyLength) != 0));
            memory.DoorbellsAreExits = ports.DoorbellsAreExits = true;
            InterruptEvents = new KvmInterruptEvents(machine, new RoutingTable(machine, Inputs, chips: true, system.Capability(KvmCapability.IrqRouting)));
            _inputs = [.. Enumerable.Range(0, Inputs).Select(number => new InterruptInput(machine, number))];
            Msi = new MessageSink(machine);
            State = new EngineRecord(machine, [.. _cpus.Select(cpu => cpu.Cpu)], system.ReadMsrNumbers());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// The engine's state: to be saved when all processors have been stopped and have returned, and restored before any
    /// has run. Memory and devices are their own parts; devices come first.
    /// </summary>
    public ISavable? State { get; }

    /// <inheritdoc/>
    public string Name => "kvm";

    /// <inheritdoc/>
    public IReadOnlyList<IVirtualCpu> Cpus => _cpus;

    /// <inheritdoc/>
    public IMsiSink Msi { get; }

    /// <inheritdoc/>
    public IInterruptEvents? InterruptEvents { get; }

    /// <summary>How often processors have left the guest for this process.</summary>
    public long Exits => _cpus.Sum(cpu => cpu.Exits);

    /// <inheritdoc/>
    public IInterruptLine Line(int globalSystemInterrupt) => _inputs[globalSystemInterrupt].NewLine();

    /// <inheritdoc/>
    /// <remarks>
    /// KVM itself waits for processors that are in the guest when a slot goes, so that all there is to wait for here is
    /// another thread that may just be taking slots away.
    /// </remarks>
    public void Synchronize() => _slots.Follow();

    /// <summary>Has the pages of a block noted that the guest writes; what devices write isn't noted.</summary>
    public void BeginDirtyLog(HostMemory block) => _slots.BeginLog(block);

    /// <summary>Gives the pages that the guest has written since the log began, or since this was last asked.</summary>
    /// <param name="block">A block whose log has begun.</param>
    /// <param name="pages">A bit a page of the block, 64 in a word; those of written pages are set, others left.</param>
    public void TakeDirtyLog(HostMemory block, Span<ulong> pages) => _slots.TakeLog(block, pages);

    /// <summary>Ends it.</summary>
    public void EndDirtyLog(HostMemory block) => _slots.EndLog(block);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
        {
            owned.Dispose();
        }
    }

    private static void Require(KvmSystem system)
    {
        foreach (KvmCapability capability in (ReadOnlySpan<KvmCapability>)[KvmCapability.UserMemory, KvmCapability.IrqChip, KvmCapability.SignalMsi, KvmCapability.IrqRouting, KvmCapability.IrqFd, KvmCapability.IoEventFd, KvmCapability.ReadOnlyMemory, KvmCapability.TscDeadlineTimer, KvmCapability.ImmediateExit])
        {
            if (system.Capability(capability) == 0)
            {
                const int EOPNOTSUPP = 95;
                throw new HostException($"this host's KVM has no {capability}", EOPNOTSUPP);
            }
        }
    }

    private KvmVirtualCpu[] CreateCpus(KvmSystem system, KvmMachine machine, int count, AccessDispatcher dispatcher)
    {
        KvmVirtualCpu[] cpus = new KvmVirtualCpu[count];
        CpuidTable? table = null;
        for (int i = 0; i < count; i++)
        {
            KvmCpu cpu = machine.CreateCpu(i);
            cpus[i] = Own(new KvmVirtualCpu(i, cpu, dispatcher, _slots));
            table ??= new CpuidTable(system.Cpuid, count, cpu.TscKhz);
            cpu.SetCpuid(table.For(i));
            BootState.SetFirmwareRegisters(cpu);
        }

        return cpus;
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Push(part);
        return part;
    }
}
