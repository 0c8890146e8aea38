using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Network.Tap;

/// <summary>What is chosen about a tap.</summary>
public sealed record TapOptions
{
    /// <summary>The interface's name; made where there is none, and gone with us then.</summary>
    public required string Interface { get; init; }

    /// <summary>The most queues.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Where it is said that the interface went away.</summary>
    public required IEventLog Log { get; init; }
}
