namespace Viaduct.Sriov.Control;

/// <summary>The answer to a request: one JSON object on one line. A request that was carried out is answered with how things stand then.</summary>
public sealed record ControlReply
{
    /// <summary>The controller's id.</summary>
    public required string Device { get; init; }

    /// <summary>Why the request was not carried out; null when it was.</summary>
    public ControlError? Error { get; init; }

    /// <summary>The most virtual functions there can be.</summary>
    public required int VirtualFunctions { get; init; }

    /// <summary>The functions that are there.</summary>
    public required IReadOnlyList<FunctionState> Functions { get; init; }
}
