namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>How long a server may take before it is given up.</summary>
/// <param name="Access">For an access to registers, and to say what it is.</param>
/// <param name="Change">For what may have to wait until work under way is done: reset, DMA maps, interrupts.</param>
public readonly record struct VfioUserLimits(TimeSpan Access, TimeSpan Change)
{
    /// <summary>5 and 20 seconds.</summary>
    public static VfioUserLimits Default { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
}
