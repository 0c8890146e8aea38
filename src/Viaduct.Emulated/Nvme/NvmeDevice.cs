using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// An NVMe 1.4 controller as a PCI Express function: BAR 0 holds registers, doorbells, MSI-X table and pending bits,
/// each in a page of its own, so that whoever hosts it can map or trap them apart.
/// </summary>
public sealed class NvmeDevice : IDisposable
{
    private const ulong TableOffset = 0x2000;
    private const ulong PendingOffset = 0x3000;
    private const ulong BarLength = 0x4000;

    /// <summary>Mass storage, non-volatile memory, NVMe I/O controller: what drivers bind by.</summary>
    private const uint ClassCode = 0x01_08_02;

    private readonly NvmeController _controller;

    private NvmeDevice(PciFunction function, NvmeController controller)
    {
        Function = function;
        _controller = controller;
        function.Reset += controller.Reset;
    }

    /// <summary>The function, to be put on a bus or behind a server.</summary>
    public PciFunction Function { get; }

    /// <summary>Makes the controller and starts its thread; for a second disk and each further one, another.</summary>
    /// <param name="options">Disks and names.</param>
    /// <param name="dma">Its way to memory and interrupts.</param>
    /// <param name="counters">What it costs.</param>
    /// <param name="log">Where it says what a guest did wrong.</param>
    /// <exception cref="ArgumentOutOfRangeException">No disk, or a block size other than 512 and 4096.</exception>
    public static NvmeDevice Create(NvmeOptions options, DmaTarget dma, DeviceCounters counters, IEventLog log)
    {
        PciIdentity identity = new(NvmeIdentity.VendorId, NvmeIdentity.DeviceId, 0, ClassCode, NvmeIdentity.VendorId, NvmeIdentity.DeviceId);
        PciFunction function = new(options.Id, identity, dma, counters);
        PciBar bar = function.AddBar(0, PciBarKind.Memory64, BarLength);
        function.AddPowerManagement();
        function.AddExpress();
        MsixCapability vectors = function.AddMsix(NvmeLimits.Queues, bar, TableOffset, bar, PendingOffset);
        InterruptPort interrupts = new(vectors, function.IntX, () => function.UsesMessages);
        NvmeController controller = new(options, dma, interrupts, counters, log);
        bar.Map(0, NvmeRegister.PageLength, controller.Registers);
        bar.Map(NvmeDoorbells.PageOffset, NvmeDoorbells.PageLength, controller.Doorbells);
        return new NvmeDevice(function, controller);
    }

    /// <summary>Stops the threads, after what is under way has come back. The disks stay open.</summary>
    public void Dispose()
    {
        Function.Reset -= _controller.Reset;
        _controller.Dispose();
    }
}
