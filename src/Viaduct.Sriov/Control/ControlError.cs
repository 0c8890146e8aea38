namespace Viaduct.Sriov.Control;

/// <summary>Why a request was not carried out.</summary>
/// <param name="Kind">For programs.</param>
/// <param name="Message">For people: what, who, and what would help.</param>
public sealed record ControlError(ControlErrorKind Kind, string Message)
{
    internal static ControlError Invalid(string message) => new(ControlErrorKind.Invalid, message);

    internal static ControlError Missing(string message) => new(ControlErrorKind.Missing, message);
}
