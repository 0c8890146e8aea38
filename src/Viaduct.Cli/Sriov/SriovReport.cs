using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Sriov;

/// <summary>What <c>viaduct sriov</c> says of the host's functions with <c>--json</c>.</summary>
internal sealed record SriovReport
{
    /// <summary>Why what was asked was not done; absent where it was.</summary>
    public ControlError? Error { get; init; }

    /// <summary>The host's physical functions with SR-IOV, or the one that was named.</summary>
    public required IReadOnlyList<PhysicalFunctionReport> PhysicalFunctions { get; init; }

    /// <summary>Controllers that are served on this host; absent where a function was named.</summary>
    public IReadOnlyList<ServedFolderReport>? Served { get; init; }
}
