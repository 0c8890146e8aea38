using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software;

/// <summary>An x86-64 machine's processors and interrupt controllers in software, on any host that has .NET.</summary>
public sealed class SoftwareEngine : IEngine
{
    /// <summary>How many processors it can have.</summary>
    public const int MaxCpus = 16;

    private readonly SoftwareCpu[] _cpus;
    private readonly InterruptRouter _router = new();
    private readonly CodeWatch _watch = new();
    private readonly ProcessorGate _gate = new();
    private readonly IoApic _ioApic;
    private readonly Mapping _ioApicMapping;

    /// <param name="memory">Guest physical memory; the I/O APIC is put into it.</param>
    /// <param name="ports">I/O ports.</param>
    /// <param name="cpus">How many processors, at most <see cref="MaxCpus"/>.</param>
    /// <param name="options">How they run.</param>
    public SoftwareEngine(AddressSpace memory, AddressSpace ports, int cpus, SoftwareEngineOptions? options = null)
    {
        options ??= new SoftwareEngineOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(cpus, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cpus, MaxCpus);
        EngineClock clock = new();
        int? translateAfter = options.Translates ? options.TranslateAfter : null;
        _cpus = new SoftwareCpu[cpus];
        for (int i = 0; i < cpus; i++)
        {
            _cpus[i] = new SoftwareCpu(i, cpus, memory, ports, clock, _router, translateAfter, _watch, _gate, options.Features);
        }

        _ioApic = new IoApic(IoApicId(cpus), _router);
        State = new EngineRecord(_cpus, _ioApic, clock);
        _ioApicMapping = memory.Map("I/O APIC", IoApic.DefaultBase, IoApic.MmioLength, _ioApic, MappingPriority.Board);
    }

    /// <summary>The I/O APIC's ID beside a number of processors, whose IDs count from zero. It has four bits.</summary>
    public static byte IoApicId(int cpus) => (byte)(cpus & 0xF);

    /// <summary>
    /// The engine's state: to be saved when all processors have been stopped and have returned, and restored before any
    /// has run. Memory and devices are their own parts; devices come first.
    /// </summary>
    public ISavable State { get; }

    /// <inheritdoc/>
    public string Name => "software";

    /// <inheritdoc/>
    public IReadOnlyList<IVirtualCpu> Cpus => _cpus;

    /// <inheritdoc/>
    public IMsiSink Msi => _router;

    /// <inheritdoc/>
    /// <remarks>None: who has an eventfd waits for it.</remarks>
    public IInterruptEvents? InterruptEvents => null;

    /// <inheritdoc/>
    public IInterruptLine Line(int globalSystemInterrupt) => _ioApic.Line(globalSystemInterrupt);

    /// <summary>Puts an interrupt controller before the bootstrap processor's own, open to it.</summary>
    /// <returns>What the controller calls when an interrupt may wait.</returns>
    public Action Attach(IVectorSource controller)
    {
        _cpus[0].Apic.Attach(controller);
        return _cpus[0].Apic.NoteExternal;
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        foreach (SoftwareCpu cpu in _cpus)
        {
            cpu.Synchronize();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ioApicMapping.Dispose();
        foreach (SoftwareCpu cpu in _cpus)
        {
            cpu.Dispose();
        }

        _watch.Dispose();
    }
}
