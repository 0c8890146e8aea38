using Viaduct.Assigned.Vfio;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine;

/// <summary>
/// A guest's devices of the host, over all its machines: a reset makes another machine, and the host doesn't get its
/// devices back in between.
/// </summary>
public sealed class HostDevices : IDisposable
{
    private readonly VfioGuest? _guest;

    /// <param name="spec">The machine. Nothing is taken yet.</param>
    /// <param name="log">Told what is taken and given back.</param>
    public HostDevices(MachineSpec spec, IEventLog log)
    {
        AssignedSpec[] wanted = [.. spec.Assigned.Where(IsHosts)];
        if (wanted.Length == 0)
        {
            Spec = spec;
            return;
        }

        VfioGuest guest = new($"guest '{spec.Name}'", [.. wanted.Select(device => device.Host!.Value)], text => log.Warn("vfio", text));
        _guest = guest;
        Spec = spec with
        {
            Assigned = [.. spec.Assigned.Select(device => IsHosts(device) ? device with { Source = guest.Source(device.Host!.Value, device.VfToken) } : device)],
        };
    }

    /// <summary>The machine, with sources for them.</summary>
    public MachineSpec Spec { get; }

    /// <summary>Gives them back to the host. No machine has them any more.</summary>
    public void Dispose() => _guest?.Dispose();

    private static bool IsHosts(AssignedSpec device) => device is { Host: not null, Source: null };
}
