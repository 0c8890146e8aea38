namespace Viaduct.Backends.Network;

/// <summary>A network can't be had; the message names it, the reason and what to do.</summary>
public sealed class NetworkOpenException : IOException
{
    /// <param name="network">The back-end as the user named it.</param>
    /// <param name="reason">Why not, and what to do.</param>
    public NetworkOpenException(string network, string reason)
        : base($"network '{network}': {reason}") => Network = network;

    /// <summary>The back-end as the user named it.</summary>
    public string Network { get; }
}
