using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Sriov;

/// <summary>A physical function of the host's, as <c>--json</c> writes it.</summary>
internal sealed record PhysicalFunctionReport
{
    /// <summary>Where the host has it.</summary>
    public required string Address { get; init; }

    /// <summary>Vendor and device.</summary>
    public required string Identity { get; init; }

    /// <summary>The driver that has it.</summary>
    public string? Driver { get; init; }

    /// <summary>Its network interface on this host.</summary>
    public string? Interface { get; init; }

    /// <summary>The most virtual functions there can be.</summary>
    public required int Total { get; init; }

    /// <summary>Whether the host's drivers take virtual functions as they come.</summary>
    public required bool Autoprobe { get; init; }

    /// <summary>Which guest has it; absent where none has.</summary>
    public string? Use { get; init; }

    /// <summary>The virtual functions that are there.</summary>
    public required IReadOnlyList<HostFunctionReport> Functions { get; init; }

    internal static PhysicalFunctionReport Of(PhysicalFunctionState physical) => new()
    {
        Address = physical.Address.ToString(),
        Identity = physical.Identity,
        Driver = physical.Driver,
        Interface = physical.Interface,
        Total = physical.Total,
        Autoprobe = physical.Probes,
        Use = physical.Use?.Text,
        Functions = [.. physical.Functions.Select(HostFunctionReport.Of)],
    };
}
