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
        // Every place where visibility can change; between two neighbours one mapping, or none, is seen throughout.
        SortedSet<UInt128> edges = [];
        foreach (Mapping mapping in mappings)
        {
            edges.Add(mapping.Start);
            edges.Add((UInt128)mapping.Start + mapping.Length);
        }

        List<FlatRange> ranges = [];
        UInt128? from = null;
        Mapping? seen = null;
        UInt128 seenFrom = 0;
        foreach (UInt128 edge in edges)
        {
            if (from is not null)
            {
                Mapping? top = TopAt(mappings, (ulong)from.Value);
                if (!ReferenceEquals(top, seen))
                {
                    Append(ranges, seen, seenFrom, from.Value);
                    (seen, seenFrom) = (top, from.Value);
                }
            }

            from = edge;
        }

        if (from is not null)
        {
            Append(ranges, seen, seenFrom, from.Value);
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

    private static Mapping? TopAt(IReadOnlyList<Mapping> mappings, ulong address)
    {
        Mapping? top = null;
        foreach (Mapping mapping in mappings)
        {
            if (address - mapping.Start < mapping.Length && (top is null || mapping.Priority >= top.Priority))
            {
                top = mapping;
            }
        }

        return top;
    }
}
