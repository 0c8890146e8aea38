using Viaduct.Emulated.Power;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Pci;

namespace Viaduct.Machine;

/// <summary>The board's small parts: clock, sleep and reset registers.</summary>
internal static class BoardParts
{
    internal const int RtcInterrupt = 8;
    internal const ushort RtcPort = 0x70;

    /// <summary>Puts them at their ports.</summary>
    internal static void Map(AddressSpace ports, PciRoot root, IEngine engine, IPowerRequests power)
    {
        root.MapConfigPorts(new ResetControl(power));
        ports.Map("sleep control", SleepControl.Port, SleepControl.PortCount, new SleepControl(power), MappingPriority.Board);
        _ = engine;
    }
}
