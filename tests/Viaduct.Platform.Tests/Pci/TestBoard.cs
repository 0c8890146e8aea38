using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>1 MiB of RAM, ECAM, and a root complex with two ports, a device behind each.</summary>
public sealed class TestBoard : IDisposable
{
    public const ulong Ecam = 0xE000_0000;
    public const ulong RamLength = 0x10_0000;
    public const int Command = 0x04;
    public const int FirstLine = 16;
    public const uint Io = 1;
    public const uint MemorySpace = 2;
    public const uint BusMaster = 4;

    public TestBoard()
    {
        Root = new PciRoot(new PciRootOptions
        {
            Memory = Memory,
            Ports = Ports,
            Lines = Lines,
            DmaMemory = new GuestMemory(Memory),
            Msi = Msi,
            InterruptEvents = Events,
            FirstLine = FirstLine,
            Counters = new DeviceCounters("board", Road.Board),
            LastBus = 15,
        });
        Memory.MapMemory("RAM", 0, Ram, 0, RamLength, MappingPriority.Ram);
        Root.MapEcam(Ecam);
        Root.MapConfigPorts();
        First = new TestDevice(Root, "first", 0x1000_0000);
        Second = new TestDevice(Root, "second", 0x2000_0000);
        FirstPort = Root.AddRootPort(1);
        SecondPort = Root.AddRootPort(2);
        FirstPort.Add(First.Function);
        SecondPort.Add(Second.Function);
    }

    public AddressSpace Memory { get; } = new("memory");

    public AddressSpace Ports { get; } = new("ports");

    public HostMemory Ram { get; } = new("ram", RamLength);

    public RecordingMsi Msi { get; } = new();

    public RecordingEvents Events { get; } = new();

    public RecordingLine[] Lines { get; } = [new(), new(), new(), new()];

    public PciRoot Root { get; }

    public RootPort FirstPort { get; }

    public RootPort SecondPort { get; }

    public TestDevice First { get; }

    public TestDevice Second { get; }

    /// <summary>Gives the ports bus numbers and windows and switches everything on, as firmware and drivers do.</summary>
    public void BringUp()
    {
        OpenPort(FirstPort, bus: 1, memory: 0xC000_0000, prefetchable: 0x10_0000_0000, io: 0x1000);
        OpenPort(SecondPort, bus: 2, memory: 0xC010_0000, prefetchable: 0x10_1000_0000, io: 0x2000);
        First.Function.WriteConfig(Command, 2, Io | MemorySpace | BusMaster);
        Second.Function.WriteConfig(Command, 2, Io | MemorySpace | BusMaster);
    }

    public static void OpenPort(RootPort port, byte bus, uint memory, ulong prefetchable, ushort io)
    {
        PciFunction bridge = port.Function;
        bridge.WriteConfig(0x18, 4, ((uint)bus << 16) | ((uint)bus << 8));
        bridge.WriteConfig(0x20, 4, ((memory + 0xF_FFFF) & 0xFFF0_0000) | (memory >> 16));
        ulong last = prefetchable + 0xFFF_FFFF;
        bridge.WriteConfig(0x24, 4, ((uint)last & 0xFFF0_0000) | ((uint)prefetchable >> 16));
        bridge.WriteConfig(0x28, 4, (uint)(prefetchable >> 32));
        bridge.WriteConfig(0x2C, 4, (uint)(last >> 32));
        bridge.WriteConfig(0x1C, 2, (uint)((((io + 0xFFF) & 0xF000) | (io >> 8)) & 0xFFFF));
        bridge.WriteConfig(Command, 2, Io | MemorySpace | BusMaster);
    }

    public ulong Read(ulong address, int size = 4)
    {
        Memory.Read(address, size, out ulong value);
        return value;
    }

    public ulong ReadPort(ulong port, int size = 1)
    {
        Ports.Read(port, size, out ulong value);
        return value;
    }

    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
        Ram.Dispose();
    }
}
