namespace Viaduct.Cli.Demo;

/// <summary>The demonstration's report, as <c>--json</c> writes it.</summary>
internal sealed record DemoReport
{
    /// <summary>What ran the guest.</summary>
    public required string Engine { get; init; }

    /// <summary>From the command to the guest's end.</summary>
    public required double Seconds { get; init; }

    /// <summary>One entry a device and guest.</summary>
    public required IReadOnlyList<RoadReport> Roads { get; init; }

    /// <summary>What a second guest was told that asked for the device of the assigned road; null where none was.</summary>
    public string? Refusal { get; init; }
}
