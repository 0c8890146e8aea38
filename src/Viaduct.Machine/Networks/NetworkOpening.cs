using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Capture;
using Viaduct.Backends.Network.None;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Backends.Network.Passt;
using Viaduct.Backends.Network.Switch;
using Viaduct.Backends.Network.Tap;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Networks;

/// <summary>Plugs a card's cable in: the back-end, its capture file, and the offloads that it lacks.</summary>
internal static class NetworkOpening
{
    /// <summary>Opens what a specification names.</summary>
    /// <exception cref="NetworkOpenException">It can't be had.</exception>
    internal static SoftwareOffloads Open(NetworkSpec spec, IEventLog log)
    {
        INetworkBackend network = OpenBare(spec, log);
        if (spec.Capture is null)
        {
            return new SoftwareOffloads(network);
        }

        try
        {
            return new SoftwareOffloads(new CapturedBackend(network, CaptureFile.Create(spec.Capture, log)));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>A card's address: the one that is asked for, or one that is the same at each start of a machine of that name.</summary>
    /// <remarks>Machines without a name of their own differ by process, or two of them on one switch would be one station.</remarks>
    internal static MacAddress AddressOf(NetworkSpec spec, MachineSpec machine) =>
        spec.Mac ?? MacAddress.FromName(machine.Name == MachineSpec.DefaultName ? $"{Environment.ProcessId}/{spec.Id}" : $"{machine.Name}/{spec.Id}");

    private static INetworkBackend OpenBare(NetworkSpec spec, IEventLog log)
    {
        switch (spec.Kind)
        {
            case NetworkKind.Tap:
                TapBackend tap = TapBackend.Open(new TapOptions { Interface = spec.Target, Queues = spec.Queues, Log = log });
                foreach (string note in tap.Notes)
                {
                    log.Warn(spec.Id, note);
                }

                return tap;
            case NetworkKind.Passt:
                return PasstBackend.Open(new PasstOptions { TcpPorts = spec.TcpPorts, UdpPorts = spec.UdpPorts, Log = log });
            case NetworkKind.Switch:
                return SwitchBackend.Open(new SwitchOptions { Switch = spec.Target, Vlans = spec.Vlans ?? VlanMembership.All, Log = log });
            default:
                return new NoBackend();
        }
    }
}
