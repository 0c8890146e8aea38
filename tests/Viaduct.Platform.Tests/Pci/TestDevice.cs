using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>A function with one BAR of each sort, MSI-X, MSI and an interrupt pin.</summary>
public sealed class TestDevice : IDisposable
{
    public const uint AllOnes = 0xFFFF_FFFF;

    public TestDevice(PciRoot root, string name, ulong mark)
        : this(name, mark, root.NewDmaTarget(new DeviceCounters(name, Road.Emulated)))
    {
    }

    public TestDevice(string name, ulong mark, DmaTarget dma)
    {
        Mark = mark;
        Registers = new NamedRegisters(mark);
        Counters = new DeviceCounters(name, Road.Emulated);
        Function = new PciFunction(name, new PciIdentity(0x1B36, 0x0010, 1, 0x010802, 0x1AF4, 0x1100), dma, Counters);
        Memory32 = Function.AddBar(0, PciBarKind.Memory32, 0x4000);
        Memory64 = Function.AddBar(1, PciBarKind.Memory64Prefetchable, 0x1_0000);
        Io = Function.AddBar(3, PciBarKind.Io, 32);
        Table = Function.AddBar(4, PciBarKind.Memory32, 0x2000);
        Memory32.Map(0, 0x4000, Registers);
        Memory64.MapMemory(0, Shared, 0, 0x1_0000);
        Io.Map(0, 32, PortRegisters);
        Power = Function.AddPowerManagement();
        Express = Function.AddExpress();
        Msix = Function.AddMsix(65, Table, 0, Table, 0x1000);
        Msi = Function.AddMsi(4);
        _ = Function.IntX;
        Function.Reset += () => Resets++;
    }

    public ulong Mark { get; }

    public int Resets { get; private set; }

    public DeviceCounters Counters { get; }

    public HostMemory Shared { get; } = new("shared", 0x1_0000);

    public NamedRegisters Registers { get; }

    public NamedRegisters PortRegisters { get; } = new(0x40);

    public PciFunction Function { get; }

    public PciBar Memory32 { get; }

    public PciBar Memory64 { get; }

    public PciBar Io { get; }

    public PciBar Table { get; }

    public PowerManagementCapability Power { get; }

    public PciExpressCapability Express { get; }

    public MsixCapability Msix { get; }

    public MsiCapability Msi { get; }

    public void SetBar(int index, ulong address, bool wide = false)
    {
        Function.WriteConfig(0x10 + (index * 4), 4, (uint)address);
        if (wide)
        {
            Function.WriteConfig(0x14 + (index * 4), 4, (uint)(address >> 32));
        }
    }

    public void Dispose() => Shared.Dispose();
}
