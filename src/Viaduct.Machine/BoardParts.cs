using Viaduct.Emulated.Power;
using Viaduct.Emulated.Rtc;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Pci;
using Viaduct.Platform.State;

namespace Viaduct.Machine;

/// <summary>The board's small parts: clock, sleep and reset registers.</summary>
internal static class BoardParts
{
    internal const int RtcInterrupt = 8;

    /// <summary>Puts them at their ports.</summary>
    /// <returns>Those that have a state.</returns>
    internal static IReadOnlyList<ISavable> Map(AddressSpace ports, PciRoot root, IEngine engine, IPowerRequests power)
    {
        ResetControl reset = new(power);
        PowerManagement sleep = new(power);
        CmosRtc clock = new(TimeProvider.System, engine.Line(RtcInterrupt));
        root.MapConfigPorts(reset);
        ports.Map("power management", PowerManagement.Port, PowerManagement.PortCount, sleep, MappingPriority.Board);
        ports.Map("real-time clock", CmosRtc.Port, CmosRtc.PortCount, clock, MappingPriority.Board);
        return [reset, sleep, clock];
    }
}
