namespace Viaduct.Sriov.Control;

/// <summary>A request to a served controller: one JSON object on one line.</summary>
public sealed record ControlRequest
{
    /// <summary><c>list</c>, <c>create</c>, <c>remove</c> or <c>set</c>.</summary>
    public required string Command { get; init; }

    /// <summary>create: how many virtual functions more.</summary>
    public int? Count { get; init; }

    /// <summary>remove: which, by their numbers from 1; all of them where it is missing.</summary>
    public IReadOnlyList<int>? Functions { get; init; }

    /// <summary>remove: also those that are held.</summary>
    public bool Force { get; init; }

    /// <summary>set: 0 for the physical function, else a virtual one's number.</summary>
    public int? Function { get; init; }

    /// <summary>set: what is to be.</summary>
    public FunctionChange? Change { get; init; }
}
