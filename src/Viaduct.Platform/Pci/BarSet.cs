namespace Viaduct.Platform.Pci;

/// <summary>A function's base address registers and its expansion ROM: which there are, and where they are to be seen.</summary>
internal sealed class BarSet
{
    private const int Slots = 6;
    private const int BridgeSlots = 2;

    private readonly PciBar?[] _slots = new PciBar?[Slots];
    private PciBar? _rom;
    private PciBar[] _all = [];

    /// <summary>All, by index, the ROM last.</summary>
    internal ReadOnlySpan<PciBar> All => _all;

    /// <summary>Puts a BAR in its place, a 64-bit one in two.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The place isn't there, or taken.</exception>
    internal void Add(PciBar bar, bool isBridge)
    {
        int last = bar.Is64Bit ? bar.Index + 1 : bar.Index;
        if (bar.Index < 0 || last >= (isBridge ? BridgeSlots : Slots) || _slots[bar.Index] is not null || _slots[last] is not null)
        {
            throw new ArgumentOutOfRangeException(nameof(bar), bar.Index, "No such free base address register");
        }

        _slots[bar.Index] = bar;
        _slots[last] = bar;
        List();
    }

    /// <summary>Puts the ROM in its place.</summary>
    internal void AddRom(PciBar rom)
    {
        _rom = rom;
        List();
    }

    /// <summary>Makes mappings follow the registers. Under the topology's lock.</summary>
    /// <param name="config">Holds the registers.</param>
    /// <param name="memoryWindows">What of memory gets here; none where the function doesn't decode it.</param>
    /// <param name="memory">Takes the mappings.</param>
    /// <param name="portWindows">What of ports gets here.</param>
    /// <param name="ports">Takes the mappings.</param>
    internal void Place(ConfigSpace config, IReadOnlyList<AddressRange> memoryWindows, MappingChange memory, IReadOnlyList<AddressRange> portWindows, MappingChange ports)
    {
        foreach (PciBar bar in _all)
        {
            if (bar.Kind == PciBarKind.Io)
            {
                bar.Place(config, portWindows, ports);
            }
            else
            {
                bar.Place(config, memoryWindows, memory);
            }
        }
    }

    /// <summary>Makes mappings of a virtual function follow its physical one's registers. Under the topology's lock.</summary>
    /// <param name="placed">Where the physical function puts them; null for nowhere.</param>
    /// <param name="index">Which virtual function it is.</param>
    /// <param name="windows">What of memory gets there.</param>
    /// <param name="memory">Takes the mappings.</param>
    internal void PlaceVirtual(SriovCapability? placed, int index, IReadOnlyList<AddressRange> windows, MappingChange memory)
    {
        foreach (PciBar bar in _all)
        {
            bar.PlaceAt(placed?.Place(index, bar), windows, memory);
        }
    }

    /// <summary>Takes them out of memory. Under the topology's lock.</summary>
    internal void Unplace(MappingChange memory)
    {
        foreach (PciBar bar in _all)
        {
            bar.PlaceAt(null, [], memory);
        }
    }

    private void List()
    {
        IEnumerable<PciBar> bars = _slots.OfType<PciBar>().Distinct();
        _all = _rom is null ? [.. bars] : [.. bars, _rom];
    }
}
