using Viaduct.Emulated.Power;
using Viaduct.Emulated.Rtc;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Pci;

namespace Viaduct.Machine;

/// <summary>The board's small parts: clock, sleep and reset registers.</summary>
internal static class BoardParts
{
    internal const int RtcInterrupt = 8;
    internal const ushort RtcPort = 0x70;
    internal const ushort SleepControlPort = 0x600;

    /// <summary>Puts them at their ports.</summary>
    internal static void Map(AddressSpace ports, PciRoot root, IEngine engine, IPowerRequests power)
    {
        root.MapConfigPorts(new ResetControl(power));
        ports.Map("sleep control", SleepControlPort, 2, new SleepControl(power), MappingPriority.Board);
        ports.Map("real-time clock", RtcPort, 2, new CmosRtc(TimeProvider.System, engine.Line(RtcInterrupt)), MappingPriority.Board);
    }
}
