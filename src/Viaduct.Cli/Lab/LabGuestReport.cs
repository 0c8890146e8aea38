using System.Text.Json.Serialization;

namespace Viaduct.Cli.Lab;

/// <summary>How a guest of a lab fared.</summary>
internal sealed record LabGuestReport
{
    /// <summary>Its name.</summary>
    public required string Guest { get; init; }

    /// <summary>What ran it.</summary>
    public required string Engine { get; init; }

    /// <summary>How it came to its end: <c>PowerOff</c>, <c>Panic</c> …</summary>
    public required string Ended { get; init; }

    /// <summary>Why that is a failure; absent where it is none.</summary>
    public string? Failure { get; init; }

    /// <summary>Its devices.</summary>
    public required IReadOnlyList<LabDeviceReport> Devices { get; init; }

    /// <summary>The exit status that it is worth.</summary>
    [JsonIgnore]
    public int ExitCode { get; init; }
}
