namespace Viaduct.Platform.Pci;

/// <summary>
/// What firmware does to a topology before an operating system sees it: numbers the buses, places the BARs and opens
/// the windows of bridges around them. Decode stays off at devices, for their drivers to switch on; bridges pass.
/// </summary>
public sealed class PciFirmware
{
    private const ulong MemoryWindowUnit = 1 << 20;
    private const ulong IoWindowUnit = 1 << 12;
    private const uint BridgeCommand = ConfigHeader.CommandIo | ConfigHeader.CommandMemory | ConfigHeader.CommandBusMaster;

    private readonly WindowCursor _memory32;
    private readonly WindowCursor _memory64;
    private readonly WindowCursor _io;
    private int _nextBus = 1;
    private bool _complete = true;

    private PciFirmware(PciWindows windows)
    {
        _memory32 = new WindowCursor(windows.Memory32Start, windows.Memory32Length);
        _memory64 = new WindowCursor(windows.Memory64Start, windows.Memory64Length);
        _io = new WindowCursor(windows.IoStart, windows.IoLength);
    }

    /// <summary>Sets up a topology that has just been built or reset.</summary>
    /// <param name="root">The topology.</param>
    /// <param name="windows">Where BARs may go.</param>
    /// <returns>False when something found no room: it is left for the operating system.</returns>
    public static bool Assign(PciRoot root, PciWindows windows)
    {
        PciFirmware firmware = new(windows);
        firmware.AssignBus(root.Bus, root.LastBus);
        return firmware._complete;
    }

    private void AssignBus(PciBus bus, int lastBus)
    {
        // The largest first: then each lies at a multiple of its size without gaps.
        foreach (PciBar bar in bus.Functions.SelectMany(function => function.Bars.ToArray()).OrderByDescending(bar => bar.Size))
        {
            Place(bar);
        }

        foreach (PciFunction function in bus.Functions)
        {
            if (function.Sriov is { } sriov)
            {
                ReserveVirtual(sriov, bus, lastBus);
            }
        }

        foreach (PciFunction function in bus.Functions)
        {
            if (function.Bridge is { } bridge)
            {
                AssignBridge(bridge, bus.Number, lastBus);
            }
        }
    }

    private void AssignBridge(PciBridge bridge, int primary, int lastBus)
    {
        if (_nextBus > lastBus)
        {
            _complete = false;
            return;
        }

        PciFunction function = bridge.Function;
        int secondary = _nextBus++;
        ulong memory = _memory32.Align(MemoryWindowUnit);
        ulong prefetchable = _memory64.Align(MemoryWindowUnit);
        ulong io = _io.Align(IoWindowUnit);
        function.WriteConfig(ConfigHeader.PrimaryBus, 4, (uint)(primary | (secondary << 8) | (lastBus << 16)));
        AssignBus(bridge.Secondary, lastBus);
        function.WriteConfig(ConfigHeader.SubordinateBus, 1, (uint)(_nextBus - 1));
        OpenMemory(function, memory, _memory32.Align(MemoryWindowUnit));
        OpenPrefetchable(function, prefetchable, _memory64.Align(MemoryWindowUnit));
        OpenIo(function, io, _io.Align(IoWindowUnit));
        function.WriteConfig(ConfigHeader.Command, 2, BridgeCommand);
    }

    /// <summary>Places the BARs of all virtual functions that there can be, and keeps their bus numbers free.</summary>
    private void ReserveVirtual(SriovCapability sriov, PciBus bus, int lastBus)
    {
        foreach (VfBar bar in sriov.Bars.ToArray().OrderByDescending(bar => bar.Aperture))
        {
            if (CursorOf(bar.Kind).TryTake(bar.Aperture * (ulong)sriov.Total, bar.Aperture, out ulong address))
            {
                bar.SetAddress(sriov.Physical, address);
            }
            else
            {
                _complete = false;
            }
        }

        int last = sriov.LastRoutingId(bus.Number) >> 8;
        _complete &= last <= lastBus;
        _nextBus = Math.Max(_nextBus, Math.Min(last, lastBus) + 1);
    }

    private WindowCursor CursorOf(PciBarKind kind) => kind switch
    {
        PciBarKind.Io => _io,
        PciBarKind.Memory64Prefetchable => _memory64,

        // The window of a bridge for memory that isn't prefetchable ends at 4 GiB, whatever the BAR could take.
        _ => _memory32,
    };

    private void Place(PciBar bar)
    {
        WindowCursor cursor = CursorOf(bar.Kind);
        if (!cursor.TryTake(bar.Size, bar.Size, out ulong address))
        {
            _complete = false;
            return;
        }

        int register = bar.Register;
        bar.Function.WriteConfig(register, 4, (uint)address);
        if (bar.Is64Bit)
        {
            bar.Function.WriteConfig(register + 4, 4, (uint)(address >> 32));
        }
    }

    private static void OpenMemory(PciFunction bridge, ulong start, ulong end)
    {
        if (start != end)
        {
            bridge.WriteConfig(ConfigHeader.MemoryBase, 4, (uint)((start >> 16) | ((end - MemoryWindowUnit) & 0xFFF0_0000)));
        }
    }

    private static void OpenPrefetchable(PciFunction bridge, ulong start, ulong end)
    {
        if (start != end)
        {
            ulong last = end - MemoryWindowUnit;
            bridge.WriteConfig(ConfigHeader.PrefetchableBaseUpper, 4, (uint)(start >> 32));
            bridge.WriteConfig(ConfigHeader.PrefetchableLimitUpper, 4, (uint)(last >> 32));
            bridge.WriteConfig(ConfigHeader.PrefetchableBase, 4, ((uint)start >> 16) | ((uint)last & 0xFFF0_0000));
        }
    }

    private static void OpenIo(PciFunction bridge, ulong start, ulong end)
    {
        if (start != end)
        {
            bridge.WriteConfig(ConfigHeader.IoBase, 2, (uint)((start >> 8) | ((end - IoWindowUnit) & 0xF000)));
        }
    }
}
