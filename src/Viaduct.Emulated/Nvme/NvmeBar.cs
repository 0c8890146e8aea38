using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Nvme.Sharing;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// What physical and virtual functions have in common: BAR 0 with registers, doorbells, MSI-X table and pending bits,
/// each in a page of its own, so that whoever hosts it can map or trap them apart; and the capabilities.
/// </summary>
internal static class NvmeBar
{
    /// <summary>Bytes.</summary>
    internal const ulong Length = 0x4000;

    private const ulong TableOffset = 0x2000;
    private const ulong PendingOffset = 0x3000;

    // Of MSI-X: the low byte of Message Control is the low byte of the table size.
    private const int MsixControl = 2;

    /// <summary>Equips a function and starts its controller.</summary>
    internal static NvmeController Equip(PciFunction function, NvmeSubsystem subsystem, ControllerSeat seat, IEventLog log)
    {
        PciBar bar = function.AddBar(0, PciBarKind.Memory64, Length);
        function.AddPowerManagement();
        function.AddExpress();
        MsixCapability vectors = function.AddMsix(NvmeLimits.Queues, bar, TableOffset, bar, PendingOffset);
        IInterruptLine? pin = function.IsVirtual ? null : function.IntX;
        InterruptPort interrupts = new(vectors, pin, () => function.UsesMessages);
        NvmeController controller = new(subsystem, seat, function.Name, function.Dma, interrupts, function.Counters, log);
        bar.Map(0, NvmeRegister.PageLength, controller.Registers);
        controller.Doorbells.Region = bar.Map(NvmeDoorbells.PageOffset, NvmeDoorbells.PageLength, controller.Doorbells);
        function.Doorbells = new DoorbellPage(bar, NvmeDoorbells.PageOffset, controller.Doorbells.Memory, controller.Wake, controller.Doorbells.Renew);
        function.DmaPause = controller;
        controller.Watch(function.Doorbells);

        // The table has as many vectors as the controller has resources, as of its last reset (NVMe 1.4, 8.5).
        void Resize(int count) => function.SetConfig(vectors.Offset + MsixControl, 1, (uint)(count - 1));
        Resize(interrupts.Count);
        controller.VectorsAssigned += Resize;
        return controller;
    }
}
