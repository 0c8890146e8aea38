using System.Buffers.Binary;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>
/// A virtio device as a PCI function (virtio 1.2, 4.1), not transitional: one BAR with all structures and the MSI-X
/// tables, a vector a queue and one for the configuration. Any virtio device is hosted by it.
/// </summary>
public sealed class VirtioPciDevice : IDisposable
{
    /// <summary>A vendor-specific capability.</summary>
    internal const byte VendorCapability = 0x09;

    private const ushort VendorId = 0x1AF4;
    private const ushort FirstDeviceId = 0x1040;
    private const ushort FirstSubsystemId = 0x40;

    private const ulong BarSize = 0x8000;
    private const ulong CommonOffset = 0x0000;
    private const ulong IsrOffset = 0x1000;
    private const ulong DeviceOffset = 0x2000;
    private const ulong NotifyOffset = 0x3000;
    private const ulong TableOffset = 0x4000;
    private const ulong PendingOffset = 0x6000;
    private const ulong PageSize = 0x1000;

    private readonly IVirtioDevice _device;
    private readonly DeviceSession _session;
    private readonly PciSignals _signals;
    private readonly CommonConfiguration _common;
    private readonly PciBar _bar;

    /// <param name="device">What it hosts; disposed with it. One that is an <see cref="IDmaPause"/> can be served to other processes.</param>
    /// <param name="dma">The function's way to memory and interrupts.</param>
    /// <param name="counters">The device's.</param>
    /// <param name="log">Where a broken queue is reported.</param>
    /// <param name="options">What is offered for the rings; the default if null.</param>
    public VirtioPciDevice(IVirtioDevice device, DmaTarget dma, DeviceCounters counters, IEventLog log, VirtioPciOptions? options = null)
    {
        _device = device;
        ushort type = (ushort)device.Type;
        PciIdentity identity = new(VendorId, (ushort)(FirstDeviceId + type), 1, ClassOf(device.Type), VendorId, (ushort)(FirstSubsystemId + type));
        Function = new PciFunction(device.Name, identity, dma, counters);
        _bar = Function.AddBar(0, PciBarKind.Memory32, BarSize);
        int queues = device.QueueSizes.Length;
        MsixCapability msix = Function.AddMsix(queues + 1, _bar, TableOffset, _bar, PendingOffset);
        _signals = new PciSignals(Function, msix, queues);
        _session = new DeviceSession(device, (options ?? new VirtioPciOptions()).Features, _signals, dma, counters, log);
        _common = new CommonConfiguration(_session, _signals);
        _bar.Map(CommonOffset, CommonRegister.Length, _common).WaitsForDevice = true;
        _bar.Map(IsrOffset, sizeof(uint), _signals);
        _bar.Map(NotifyOffset, (ulong)(queues * NotifyRegion.Multiplier), new NotifyRegion(_session)).Signals = NotifyRegion.SignalsOf(device);
        Describe(PciStructure.Common, CommonOffset, CommonRegister.Length);
        Describe(PciStructure.Isr, IsrOffset, sizeof(uint));
        if (_session.Config.Length != 0)
        {
            // A whole page, of which what lies behind the configuration reads as zero.
            _bar.Map(DeviceOffset, PageSize, new DeviceConfiguration(_session.Config));
            Describe(PciStructure.Device, DeviceOffset, (uint)_session.Config.Length);
        }

        DescribeNotify((uint)(queues * NotifyRegion.Multiplier));
        _ = new ConfigAccess(Function, _bar);
        Function.AddExpress();
        Function.AddPowerManagement();
        Function.DmaPause = device as IDmaPause;
        Function.Reset += OnReset;
    }

    /// <summary>The function, to be put on a bus.</summary>
    public PciFunction Function { get; }

    /// <summary>Stops the device's threads once they have no request any more, and disposes the device.</summary>
    public void Dispose()
    {
        Function.Reset -= OnReset;
        _session.Reset();
        _device.Dispose();
    }

    private static uint ClassOf(DeviceType type) => type switch
    {
        DeviceType.Network => 0x020000,
        DeviceType.Block => 0x018000,
        DeviceType.Console => 0x078000,
        _ => 0x00FF00,
    };

    private void Describe(PciStructure structure, ulong offset, uint length)
    {
        Span<byte> body = stackalloc byte[14];
        Fill(body, structure, offset, length);
        Function.AddCapability(VendorCapability, body, []);
    }

    private void DescribeNotify(uint length)
    {
        Span<byte> body = stackalloc byte[18];
        Fill(body, PciStructure.Notify, NotifyOffset, length);
        BinaryPrimitives.WriteUInt32LittleEndian(body[14..], NotifyRegion.Multiplier);
        Function.AddCapability(VendorCapability, body, []);
    }

    /// <summary>struct virtio_pci_cap behind its first two bytes: length, type, BAR, id, offset, length (4.1.4).</summary>
    private void Fill(Span<byte> body, PciStructure structure, ulong offset, uint length)
    {
        body.Clear();
        body[0] = (byte)(body.Length + 2);
        body[1] = (byte)structure;
        body[2] = (byte)_bar.Index;
        BinaryPrimitives.WriteUInt32LittleEndian(body[6..], (uint)offset);
        BinaryPrimitives.WriteUInt32LittleEndian(body[10..], length);
    }

    private void OnReset()
    {
        _session.Reset();
        _signals.Reset();
        _common.Reset();
    }
}
