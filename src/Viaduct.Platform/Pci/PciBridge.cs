namespace Viaduct.Platform.Pci;

/// <summary>
/// A PCI-to-PCI bridge: a type 1 header (PCI Express Base 5.0, 7.5.1.3) that decides what passes between its bus and
/// the one behind it. Windows are closed after reset, as firmware leaves those it doesn't use.
/// </summary>
public sealed class PciBridge : IConfigRegisters
{
    private const byte HeaderType = 1;

    private volatile bool _holdsReset;

    internal PciBridge(PciRoot root, string name, PciIdentity identity)
    {
        Function = new PciFunction(name, identity, root.NewDmaTarget(root.Counters), root.Counters, HeaderType) { Bridge = this };
        Secondary = new PciBus(root, this);
        ConfigSpace config = Function.Config;
        config.Define(ConfigHeader.PrimaryBus, 1, 0, 0xFF);
        config.Define(ConfigHeader.SecondaryBus, 1, 0, 0xFF);
        config.Define(ConfigHeader.SubordinateBus, 1, 0, 0xFF);
        config.Define(ConfigHeader.IoBase, 1, 0xF0, 0xF0);
        config.Define(ConfigHeader.IoLimit, 1, 0, 0xF0);
        config.Define(ConfigHeader.SecondaryStatus, 2, 0, clearable: ConfigHeader.StatusClearable);
        config.Define(ConfigHeader.MemoryBase, 2, 0xFFF0, 0xFFF0);
        config.Define(ConfigHeader.MemoryLimit, 2, 0, 0xFFF0);
        config.Define(ConfigHeader.PrefetchableBase, 2, 0xFFF1, 0xFFF0);
        config.Define(ConfigHeader.PrefetchableLimit, 2, 1, 0xFFF0);
        config.Define(ConfigHeader.PrefetchableBaseUpper, 4, 0, uint.MaxValue);
        config.Define(ConfigHeader.PrefetchableLimitUpper, 4, 0, uint.MaxValue);
        config.Define(ConfigHeader.BridgeControl, 2, 0, ConfigHeader.BridgeControlWritable);
        Function.Watch(ConfigHeader.PrimaryBus, ConfigHeader.PrefetchableLimitUpper + 4 - ConfigHeader.PrimaryBus, new SteeringRegister(ConfigEffects.Routing));
        Function.Watch(ConfigHeader.BridgeControl, 2, this);
    }

    /// <summary>The bridge's own function, on the bus above.</summary>
    public PciFunction Function { get; }

    /// <summary>The bus behind it.</summary>
    public PciBus Secondary { get; }

    /// <summary>The number that the guest gave the bus behind it.</summary>
    internal int SecondaryNumber => (int)Function.Config.Read(ConfigHeader.SecondaryBus, 1);

    /// <summary>The capability of a port; null for a conventional bridge.</summary>
    internal PciExpressCapability? Express { get; set; }

    /// <summary>Whether configuration requests to devices other than 0 pass (PCI Express Base 5.0, 7.3.1).</summary>
    internal bool ForwardsAllDevices => Express is null or { AriForwarding: true };

    ConfigEffects IConfigRegisters.Written()
    {
        bool held = (Function.Config.Read(ConfigHeader.BridgeControl, 2) & ConfigHeader.BridgeControlSecondaryReset) != 0;
        bool begins = held && !_holdsReset;
        _holdsReset = held;
        return begins ? ConfigEffects.SecondaryReset : ConfigEffects.None;
    }

    void IConfigRegisters.Reset() => _holdsReset = false;

    /// <summary>Whether configuration requests for a bus pass: its number is in range, and what is behind isn't held in reset.</summary>
    internal bool Forwards(int bus)
    {
        uint numbers = Function.Config.Read(ConfigHeader.PrimaryBus, 4);
        int secondary = (int)(numbers >> 8) & 0xFF;
        int subordinate = (int)(numbers >> 16) & 0xFF;
        return !_holdsReset && secondary != 0 && secondary <= bus && bus <= subordinate;
    }

    /// <summary>Passes on to the bus behind what comes from above and through here. Under the topology's lock.</summary>
    /// <param name="upstream">What reaches the bridge.</param>
    /// <param name="command">Its Command register, zero when it isn't in D0.</param>
    /// <param name="memory">Takes changes of mappings.</param>
    /// <param name="ports">Takes changes of mappings.</param>
    internal void Route(Upstream upstream, uint command, MappingChange memory, MappingChange ports)
    {
        bool passesMemory = (command & ConfigHeader.CommandMemory) != 0;
        bool passesPorts = (command & ConfigHeader.CommandIo) != 0;
        Upstream below = new(
            SecondaryNumber,
            (int)Function.Config.Read(ConfigHeader.SubordinateBus, 1),
            upstream.Mastering && (command & ConfigHeader.CommandBusMaster) != 0,
            passesMemory ? Cut(upstream.Memory, [MemoryWindow(), PrefetchableWindow()]) : [],
            passesPorts ? Cut(upstream.Io, [IoWindow()]) : []);
        Secondary.Route(below, memory, ports);
    }

    private static List<AddressRange> Cut(IReadOnlyList<AddressRange> above, ReadOnlySpan<AddressRange> windows)
    {
        List<AddressRange> ranges = [];
        foreach (AddressRange window in windows)
        {
            foreach (AddressRange range in above)
            {
                if (window.TryIntersect(range, out AddressRange common))
                {
                    ranges.Add(common);
                }
            }
        }

        return ranges;
    }

    // A window whose base is above its limit is closed; TryIntersect finds nothing in it.
    private AddressRange IoWindow()
    {
        uint registers = Function.Config.Read(ConfigHeader.IoBase, 2);
        return new AddressRange((registers & 0xF0) << 8, (registers & 0xF000) | 0xFFF);
    }

    private AddressRange MemoryWindow()
    {
        uint registers = Function.Config.Read(ConfigHeader.MemoryBase, 4);
        return new AddressRange((registers & 0xFFF0) << 16, (registers & 0xFFF0_0000) | 0xF_FFFF);
    }

    private AddressRange PrefetchableWindow()
    {
        ConfigSpace config = Function.Config;
        uint registers = config.Read(ConfigHeader.PrefetchableBase, 4);
        ulong first = ((ulong)config.Read(ConfigHeader.PrefetchableBaseUpper, 4) << 32) | ((registers & 0xFFF0) << 16);
        ulong last = ((ulong)config.Read(ConfigHeader.PrefetchableLimitUpper, 4) << 32) | (registers & 0xFFF0_0000) | 0xF_FFFF;
        return new AddressRange(first, last);
    }
}
