using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Switch;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Specification;

/// <summary>A network card: what it is plugged into, and by which road the guest reaches it.</summary>
public sealed record NetworkSpec
{
    /// <summary>Queue pairs that a card can have.</summary>
    public const int MaxQueues = 16;

    /// <summary>The least and the most that a driver can be told of frames' payload, in bytes (virtio 1.2, 5.1.4.1).</summary>
    public const int MinMtu = 68;

    /// <inheritdoc cref="MinMtu"/>
    public const int MaxMtu = 65521;

    /// <summary>Unique in the machine; counters carry it.</summary>
    public required string Id { get; init; }

    /// <summary>What it is plugged into.</summary>
    public required NetworkKind Kind { get; init; }

    /// <summary>The tap's interface, or the switch's name; empty for others.</summary>
    public string Target { get; init; } = "";

    /// <summary><see cref="Road.Paravirtual"/> (virtio-net).</summary>
    public Road Road { get; init; } = Road.Paravirtual;

    /// <summary>The card's address; null for one made of the machine's and the card's names.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Queue pairs.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>The MTU that the driver is told; null for the network's.</summary>
    public int? Mtu { get; init; }

    /// <summary>A file that gets all frames; null for none.</summary>
    public string? Capture { get; init; }

    /// <summary>Which VLANs of a switch it carries; null for all.</summary>
    public VlanMembership? Vlans { get; init; }

    /// <summary>The host's TCP ports that lead to the guest, with passt.</summary>
    public string? TcpPorts { get; init; }

    /// <summary>The host's UDP ports that lead to the guest, with passt.</summary>
    public string? UdpPorts { get; init; }

    /// <summary>Says what is wrong with it, naming the option, or null.</summary>
    public string? Problem()
    {
        string name = $"--net: id={Id}";
        return Road == Road.Emulated ? $"{name} has road=emulated, and the Intel 82576 is not in this version; use road=paravirtual"
            : Queues is < 1 or > MaxQueues ? $"{name} has queues={Queues}, and there can be 1 to {MaxQueues}"
            : Mtu is < MinMtu or > MaxMtu ? $"{name} has mtu={Mtu}, and it can be {MinMtu} to {MaxMtu}"
            : Mac is { IsStation: false } mac ? $"{name} has mac={mac}, which no station can have: an even first byte, and not all zero"
            : Vlans is not null && Kind != NetworkKind.Switch ? $"{name} names VLANs, which takes backend=switch:NAME"
            : (TcpPorts ?? UdpPorts) is not null && Kind != NetworkKind.Passt ? $"{name} names ports, which takes backend=passt"
            : null;
    }
}
