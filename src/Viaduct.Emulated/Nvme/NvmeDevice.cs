using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// An NVMe 1.4 controller as a PCI Express function; with virtual functions, where its subsystem has secondary
/// controllers.
/// </summary>
public sealed class NvmeDevice : IDisposable
{
    /// <summary>Mass storage, non-volatile memory, NVMe I/O controller: what drivers bind by.</summary>
    private const uint ClassCode = 0x01_08_02;

    private readonly NvmeController _controller;
    private readonly NvmeVirtualFunctions? _virtualFunctions;

    private NvmeDevice(NvmeSubsystem subsystem, PciFunction function, NvmeController controller, NvmeVirtualFunctions? virtualFunctions)
    {
        Subsystem = subsystem;
        Function = function;
        _controller = controller;
        _virtualFunctions = virtualFunctions;
        function.Reset += controller.Reset;
    }

    /// <summary>The function, to be put on a bus or behind a server. Its virtual functions come and go by <see cref="PciFunction.Sriov"/>.</summary>
    public PciFunction Function { get; }

    /// <summary>What it is the primary controller of: attachments, limits and states for the host to see and to set.</summary>
    public NvmeSubsystem Subsystem { get; }

    /// <summary>Makes a controller that is a subsystem of its own and starts its thread; for a second disk and each further one, another.</summary>
    /// <param name="options">Disks and names.</param>
    /// <param name="dma">Its way to memory and interrupts.</param>
    /// <param name="counters">What it costs.</param>
    /// <param name="log">Where it says what a guest did wrong.</param>
    /// <exception cref="ArgumentOutOfRangeException">No disk, or a block size other than 512 and 4096.</exception>
    public static NvmeDevice Create(NvmeOptions options, DmaTarget dma, DeviceCounters counters, IEventLog log) =>
        Create(new NvmeSubsystem(options.ToSubsystem()), dma, counters, log);

    /// <summary>Makes the physical function of a subsystem, which has none yet, and starts the thread of its controller.</summary>
    /// <param name="subsystem">Namespaces, and how many virtual functions there can be.</param>
    /// <param name="dma">Its way to memory and interrupts.</param>
    /// <param name="counters">What it costs.</param>
    /// <param name="log">Where it says what a guest did wrong.</param>
    public static NvmeDevice Create(NvmeSubsystem subsystem, DmaTarget dma, DeviceCounters counters, IEventLog log)
    {
        PciIdentity identity = new(NvmeIdentity.VendorId, NvmeIdentity.DeviceId, 0, ClassCode, NvmeIdentity.VendorId, NvmeIdentity.DeviceId);
        PciFunction function = new(subsystem.Options.Id, identity, dma, counters);
        NvmeController controller = NvmeBar.Equip(function, subsystem, subsystem.Seat(0), log);
        return new NvmeDevice(subsystem, function, controller, subsystem.IsShared ? AddVirtualFunctions(function, subsystem, log) : null);
    }

    /// <summary>Stops the threads, after what is under way has come back. The disks stay open.</summary>
    public void Dispose()
    {
        Function.Reset -= _controller.Reset;
        _virtualFunctions?.Dispose();
        _controller.Dispose();
    }

    private static NvmeVirtualFunctions AddVirtualFunctions(PciFunction function, NvmeSubsystem subsystem, IEventLog log)
    {
        const int FunctionsOfDevice = 8;
        const int NextBus = 256;
        int count = subsystem.Options.VirtualFunctions;
        function.AddErrorReporting();
        function.AddAri();
        NvmeVirtualFunctions source = new(subsystem, log);
        SriovCapability capability = function.AddSriov(
            new SriovOptions
            {
                TotalVfs = count,
                VfDeviceId = NvmeIdentity.VirtualDeviceId,
                FirstVfOffsetWithoutAri = count < FunctionsOfDevice ? null : NextBus,
                Log = log,
            },
            source);
        capability.AddVfBar(0, PciBarKind.Memory64, NvmeBar.Length);
        source.Capability = capability;
        return source;
    }
}
