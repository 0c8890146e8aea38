namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// What is seen at each address at one moment: sorted, without overlaps, immutable. Readers take it without a lock; a
/// change of the address space swaps it.
/// </summary>
public sealed class AddressMap
{
    private readonly ulong[] _starts;
    private readonly FlatRange[] _ranges;

    private AddressMap(FlatRange[] ranges)
    {
        _ranges = ranges;
        _starts = Array.ConvertAll(ranges, range => range.Start);
    }

    /// <summary>All pieces, by address.</summary>
    public ReadOnlySpan<FlatRange> Ranges => _ranges;

    /// <summary>The piece that holds an address, or null where nothing is mapped.</summary>
    public FlatRange? Find(ulong address)
    {
        int low = 0;
        int high = _starts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_starts[middle] <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        if (high < 0)
        {
            return null;
        }

        FlatRange range = _ranges[high];
        return address - range.Start < range.Length ? range : null;
    }

    /// <summary>Lays mappings over each other by priority, later ones over earlier equals.</summary>
    internal static AddressMap Flatten(IReadOnlyList<Mapping> mappings)
    {
        // Every place where visibility can change: between two neighbours one mapping, or none, is seen throughout.
        List<Edge> edges = new(mappings.Count * 2);
        for (int i = 0; i < mappings.Count; i++)
        {
            Layer layer = new(mappings[i].Priority, i);
            edges.Add(new Edge(mappings[i].Start, layer, Begins: true));
            edges.Add(new Edge((UInt128)mappings[i].Start + mappings[i].Length, layer, Begins: false));
        }

        edges.Sort();
        SortedSet<Layer> open = [];
        List<FlatRange> ranges = [];
        Mapping? seen = null;
        UInt128 seenFrom = 0;
        for (int i = 0; i < edges.Count; i++)
        {
            Edge edge = edges[i];
            _ = edge.Begins ? open.Add(edge.Layer) : open.Remove(edge.Layer);
            if (i + 1 < edges.Count && edges[i + 1].Place == edge.Place)
            {
                continue;
            }

            Mapping? top = open.Count == 0 ? null : mappings[open.Max.Index];
            if (!ReferenceEquals(top, seen))
            {
                Append(ranges, seen, seenFrom, edge.Place);
                (seen, seenFrom) = (top, edge.Place);
            }
        }

        return new AddressMap([.. ranges]);
    }

    private static void Append(List<FlatRange> ranges, Mapping? mapping, UInt128 start, UInt128 end)
    {
        if (mapping is not null)
        {
            ranges.Add(new FlatRange(mapping, (ulong)start, (ulong)(end - start)));
        }
    }

    /// <summary>Where a mapping lies over others; the highest is seen.</summary>
    private readonly record struct Layer(int Priority, int Index) : IComparable<Layer>
    {
        public int CompareTo(Layer other) => Priority != other.Priority ? Priority.CompareTo(other.Priority) : Index.CompareTo(other.Index);
    }

    private readonly record struct Edge(UInt128 Place, Layer Layer, bool Begins) : IComparable<Edge>
    {
        public int CompareTo(Edge other) => Place.CompareTo(other.Place);
    }
}
