namespace Viaduct.Platform.Pci;

/// <summary>Registers of the configuration headers (PCI Express Base 5.0, 7.5.1).</summary>
internal static class ConfigHeader
{
    internal const int VendorId = 0x00;
    internal const int Command = 0x04;
    internal const int Status = 0x06;
    internal const int RevisionAndClass = 0x08;
    internal const int CacheLineSize = 0x0C;
    internal const int HeaderType = 0x0E;
    internal const int Bar0 = 0x10;
    internal const int SubsystemVendorId = 0x2C;
    internal const int Rom = 0x30;
    internal const int CapabilitiesPointer = 0x34;
    internal const int InterruptLine = 0x3C;
    internal const int InterruptPin = 0x3D;

    /// <summary>The first byte after the header.</summary>
    internal const int End = 0x40;

    internal const uint CommandIo = 1 << 0;
    internal const uint CommandMemory = 1 << 1;
    internal const uint CommandBusMaster = 1 << 2;
    internal const uint CommandInterruptDisable = 1 << 10;

    /// <summary>I/O, memory, bus master, parity response, SERR#, interrupt disable.</summary>
    internal const ushort CommandWritable = 0x0547;

    internal const uint StatusInterrupt = 1 << 3;
    internal const uint StatusCapabilities = 1 << 4;

    /// <summary>Parity and abort reports, cleared by writing one.</summary>
    internal const ushort StatusClearable = 0xF900;

    internal const byte HeaderTypeMultiFunction = 0x80;

    // Type 1 header, 7.5.1.3.
    internal const int PrimaryBus = 0x18;
    internal const int SecondaryBus = 0x19;
    internal const int SubordinateBus = 0x1A;
    internal const int IoBase = 0x1C;
    internal const int IoLimit = 0x1D;
    internal const int SecondaryStatus = 0x1E;
    internal const int MemoryBase = 0x20;
    internal const int MemoryLimit = 0x22;
    internal const int PrefetchableBase = 0x24;
    internal const int PrefetchableLimit = 0x26;
    internal const int PrefetchableBaseUpper = 0x28;
    internal const int PrefetchableLimitUpper = 0x2C;
    internal const int BridgeControl = 0x3E;

    /// <summary>Parity response, SERR#, secondary bus reset.</summary>
    internal const ushort BridgeControlWritable = 0x0043;

    internal const uint BridgeControlSecondaryReset = 1 << 6;
}
