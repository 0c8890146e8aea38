using Viaduct.Backends.Network;

namespace Viaduct.Paravirtual.Network;

/// <summary>What is chosen about a network device.</summary>
public sealed record NetworkOptions
{
    /// <summary>The device's id, as the user named it.</summary>
    public required string Name { get; init; }

    /// <summary>Its address, until the driver sets another.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Queue pairs, 1 to 64.</summary>
    public int QueuePairs { get; init; } = 1;

    /// <summary>Descriptors of each receive and transmit queue, a power of two from 16 to 1024.</summary>
    public ushort QueueSize { get; init; } = 256;

    /// <summary>The largest payload that the driver is told, in bytes; null for the network's advice, if it has one.</summary>
    public int? Mtu { get; init; }

    /// <summary>What the driver is told of the link's speed, in Mbit/s.</summary>
    public uint Speed { get; init; } = 10_000;
}
