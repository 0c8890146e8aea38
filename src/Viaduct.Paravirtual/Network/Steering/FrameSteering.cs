using System.Collections.Immutable;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Paravirtual.Network.Steering;

/// <summary>To which queue pair a frame goes that came in, and with which hash. Immutable but for the flows that it learns: a change makes another.</summary>
internal sealed class FrameSteering
{
    /// <summary>The longest table of RSS.</summary>
    internal const int MaximumTable = 128;

    private readonly FlowTable? _flows;
    private readonly ToeplitzHash? _hash;
    private readonly HashType _types;
    private readonly ImmutableArray<ushort> _table;
    private readonly ushort _unclassified;

    private FrameSteering(int pairs, FlowTable? flows, HashType types, ToeplitzHash? hash, ImmutableArray<ushort> table, ushort unclassified)
    {
        Pairs = pairs;
        _flows = flows;
        _types = types;
        _hash = hash;
        _table = table;
        _unclassified = unclassified;
    }

    /// <summary>Pairs that the driver uses.</summary>
    internal int Pairs { get; }

    /// <summary>One pair, and no hashes.</summary>
    internal static FrameSteering Single { get; } = ByFlow(1);

    /// <summary>By the pair that a flow was last sent by.</summary>
    internal static FrameSteering ByFlow(int pairs) => new(pairs, pairs > 1 ? new FlowTable() : null, HashType.None, null, [], 0);

    /// <summary>By a table over the flow's hash (RSS).</summary>
    internal static FrameSteering ByTable(int pairs, HashType types, ReadOnlySpan<byte> key, ImmutableArray<ushort> table, ushort unclassified) =>
        new(pairs, null, types, HashOf(key), table, unclassified);

    /// <summary>The same with hashes that are only reported.</summary>
    internal FrameSteering WithHash(HashType types, ReadOnlySpan<byte> key) => new(Pairs, _flows, types, HashOf(key), _table, _unclassified);

    /// <summary>The same with another number of pairs, chosen by flow; hashes go on being reported.</summary>
    internal FrameSteering WithPairs(int pairs) => new(pairs, pairs > 1 ? new FlowTable() : null, _types, _hash, [], 0);

    /// <summary>A frame of the guest went out by a pair.</summary>
    internal void Sent(ReadOnlySpan<byte> frame, int pair) => _flows?.Learn(frame, pair);

    /// <summary>Whether frames that are sent are of interest.</summary>
    internal bool Learns => _flows is not null;

    /// <summary>Chooses.</summary>
    internal int Choose(ReadOnlySpan<byte> frame, out FlowHash hash)
    {
        hash = default;
        if (_hash is not null && FrameLayout.TryParse(frame, out FrameLayout layout))
        {
            hash = FlowHash.Of(frame, layout, _types, _hash);
        }

        if (!_table.IsEmpty)
        {
            return hash.Report == 0 ? _unclassified : _table[(int)(hash.Value & (uint)(_table.Length - 1))];
        }

        int pair = _flows?.Find(frame) ?? 0;
        return pair < Pairs ? pair : 0;
    }

    private static ToeplitzHash HashOf(ReadOnlySpan<byte> key)
    {
        Span<byte> whole = stackalloc byte[ToeplitzHash.KeyLength];
        whole.Clear();
        key.CopyTo(whole);
        return new ToeplitzHash(whole);
    }
}
