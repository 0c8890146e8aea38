using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>The mappings that a BAR has now, and the way from them to others. Under the topology's lock.</summary>
internal sealed class BarPlacement
{
    private readonly string _name;
    private readonly DeviceCounters _counters;
    private List<Piece> _pieces = [];
    private List<Mapping> _mappings = [];

    internal BarPlacement(string name, DeviceCounters counters)
    {
        _name = name;
        _counters = counters;
    }

    /// <summary>Brings the mappings to what is wanted; where nothing differs nothing is touched.</summary>
    /// <param name="regions">What lies behind the BAR, later over earlier.</param>
    /// <param name="bar">Where the BAR is, or null when it isn't seen.</param>
    /// <param name="windows">What the bridges above let through.</param>
    /// <param name="change">Takes what is to be mapped and unmapped.</param>
    internal void Update(BarRegion[] regions, AddressRange? bar, IReadOnlyList<AddressRange> windows, MappingChange change)
    {
        List<Piece> pieces = bar is { } range ? Cut(regions, range, windows) : [];
        if (pieces.SequenceEqual(_pieces))
        {
            return;
        }

        change.Remove(_mappings);
        _pieces = pieces;
        _mappings = pieces.ConvertAll(piece => Map(piece, change.Space));
        change.Add(_mappings);
    }

    private static List<Piece> Cut(BarRegion[] regions, AddressRange bar, IReadOnlyList<AddressRange> windows)
    {
        List<Piece> pieces = [];
        foreach (BarRegion region in regions)
        {
            ulong start = bar.First + region.Offset;
            AddressRange whole = new(start, start + (region.Length - 1));
            foreach (AddressRange window in windows)
            {
                if (whole.TryIntersect(window, out AddressRange seen))
                {
                    pieces.Add(new Piece(region, region.Signals, seen.First, seen.Last - seen.First + 1, seen.First - start));
                }
            }
        }

        return pieces;
    }

    private Mapping Map(Piece piece, AddressSpace space)
    {
        IAccessHandler? handler = piece.Region.Handler;
        return new Mapping(space, _name, piece.Start, piece.Length, MappingPriority.Bar)
        {
            Handler = handler is null || piece.Skip == 0 ? handler : new OffsetHandler(handler, piece.Skip),
            IsDoorbell = piece.Region.IsDoorbell,
            Signals = SignalsOf(piece),
            Memory = piece.Region.Memory,
            MemoryOffset = piece.Region.MemoryOffset + piece.Skip,
            Counters = _counters,
        };
    }

    private static IReadOnlyList<DoorbellSignal> SignalsOf(Piece piece) => piece.Skip == 0
        ? piece.Signals
        : [.. piece.Signals.Where(signal => signal.Offset >= piece.Skip).Select(signal => signal with { Offset = signal.Offset - piece.Skip })];

    /// <summary>What is seen of a region through a window.</summary>
    private readonly record struct Piece(BarRegion Region, IReadOnlyList<DoorbellSignal> Signals, ulong Start, ulong Length, ulong Skip);
}
