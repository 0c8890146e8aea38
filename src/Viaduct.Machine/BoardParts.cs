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

    /// <summary>Puts them at their ports.</summary>
    internal static void Map(AddressSpace ports, PciRoot root, IEngine engine, IPowerRequests power)
    {
        root.MapConfigPorts(new ResetControl(power));
        ports.Map("power management", PowerManagement.Port, PowerManagement.PortCount, new PowerManagement(power), MappingPriority.Board);
        ports.Map("real-time clock", CmosRtc.Port, CmosRtc.PortCount, new CmosRtc(TimeProvider.System, engine.Line(RtcInterrupt)), MappingPriority.Board);
    }
}
