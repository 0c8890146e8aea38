namespace Viaduct.Cli.Lab.Specification;

/// <summary>A lab: guests that run at the same time, and the devices that processes of their own serve to them.</summary>
internal sealed record LabSpec
{
    /// <summary>The guests, in the order of the file.</summary>
    internal required IReadOnlyList<LabGuest> Guests { get; init; }

    /// <summary>The served devices, in the order of the file.</summary>
    internal required IReadOnlyList<LabDevice> Devices { get; init; }
}
