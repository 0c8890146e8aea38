namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>What a message asks for (vfio-user specification, "Commands"). Those from 4000h on are Viaduct's own and agreed on by <see cref="VersionOffer"/>.</summary>
public enum VfioUserCommand : ushort
{
    /// <summary>Versions and capabilities; the first message.</summary>
    Version = 1,

    /// <summary>Client: the device may reach memory (<see cref="DmaMapMessage"/>).</summary>
    DmaMap = 2,

    /// <summary>Client: it may no more (<see cref="DmaUnmapMessage"/>).</summary>
    DmaUnmap = 3,

    /// <summary>Client: what the device is (<see cref="DeviceInfoMessage"/>).</summary>
    DeviceGetInfo = 4,

    /// <summary>Client: a region (<see cref="RegionInfoMessage"/>).</summary>
    DeviceGetRegionInfo = 5,

    /// <summary>Client: doorbells of a region (<see cref="RegionIoFdsMessage"/>).</summary>
    DeviceGetRegionIoFds = 6,

    /// <summary>Client: interrupts of a kind (<see cref="IrqInfoMessage"/>).</summary>
    DeviceGetIrqInfo = 7,

    /// <summary>Client: where interrupts go (<see cref="IrqSetMessage"/>).</summary>
    DeviceSetIrqs = 8,

    /// <summary>Client: reads registers (<see cref="RegionAccessMessage"/>).</summary>
    RegionRead = 9,

    /// <summary>Client: writes registers (<see cref="RegionAccessMessage"/> and bytes).</summary>
    RegionWrite = 10,

    /// <summary>Server: reads memory that isn't shared (<see cref="DmaAccessMessage"/>).</summary>
    DmaRead = 11,

    /// <summary>Server: writes memory that isn't shared (<see cref="DmaAccessMessage"/> and bytes).</summary>
    DmaWrite = 12,

    /// <summary>Client: resets the device.</summary>
    DeviceReset = 13,

    /// <summary>Client: several register writes in one message.</summary>
    RegionWriteMulti = 15,

    /// <summary>Client: features of the device, migration among them.</summary>
    DeviceFeature = 16,

    /// <summary>Client: reads the device's state.</summary>
    MigrationDataRead = 17,

    /// <summary>Client: writes the device's state.</summary>
    MigrationDataWrite = 18,

    /// <summary>Server: watched doorbells shall signal, or not (<see cref="DoorbellTrapMessage"/>). The reply comes when it is so.</summary>
    ViaductDoorbellTraps = 0x4001,

    /// <summary>Client: the device's counters (<see cref="CountsMessage"/>).</summary>
    ViaductGetCounts = 0x4002,

    /// <summary>
    /// Server: it wrote memory that an engine keeps code of (<see cref="DmaAccessMessage"/>). The reply, the same
    /// structure, says that the old code won't run; only then the server says that the transfer is done.
    /// </summary>
    ViaductCodeWritten = 0x4003,
}
