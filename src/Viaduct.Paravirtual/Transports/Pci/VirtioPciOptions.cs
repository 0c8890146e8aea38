namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>What a function offers for the rings of its device.</summary>
public sealed record VirtioPciOptions
{
    /// <summary>The packed layout; drivers choose it where it is offered.</summary>
    public bool Packed { get; init; } = true;

    /// <summary>Chains returned in order. Off: it makes fast requests wait for slow ones.</summary>
    public bool InOrder { get; init; }

    /// <summary>Event indexes, which save doorbells and interrupts.</summary>
    public bool EventIndex { get; init; } = true;

    /// <summary>Indirect descriptors.</summary>
    public bool Indirect { get; init; } = true;

    internal ulong Features =>
        VirtioFeature.RingReset
        | (Packed ? VirtioFeature.RingPacked : 0)
        | (InOrder ? VirtioFeature.InOrder : 0)
        | (EventIndex ? VirtioFeature.EventIndex : 0)
        | (Indirect ? VirtioFeature.IndirectDescriptors : 0);
}
