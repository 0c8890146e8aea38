using System.Text.Json.Serialization;

namespace Viaduct.Cli.Lab;

/// <summary>A lab's report, as <c>--json</c> writes it.</summary>
internal sealed record LabReport
{
    /// <summary>From the command to the last guest's end.</summary>
    public required double Seconds { get; init; }

    /// <summary>The guests, in the order of the file.</summary>
    public required IReadOnlyList<LabGuestReport> Guests { get; init; }

    /// <summary>Served devices that ended before the guests did, with what is known of it; absent where there are none.</summary>
    public IReadOnlyList<string>? LostDevices { get; init; }

    /// <summary>The process's exit status.</summary>
    [JsonIgnore]
    internal int ExitCode =>
        Guests.Select(guest => guest.ExitCode).FirstOrDefault(code => code != ExitCodes.Success) is var code and not ExitCodes.Success
            ? code
            : LostDevices is null ? ExitCodes.Success : ExitCodes.Failure;
}
