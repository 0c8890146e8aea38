using System.Globalization;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>Says, for people, why the IOMMU couldn't be given a guest's memory, and what to do.</summary>
internal static unsafe class MapTrouble
{
    /// <param name="address">The guest physical address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="error">The errno.</param>
    internal static string Of(ulong address, ulong length, int error)
    {
        VfioCalls.Limit limit = default;
        bool limited = VfioCalls.getrlimit(VfioCalls.RLIMIT_MEMLOCK, &limit) == 0 && limit.Current != VfioCalls.Limit.Infinity;
        return error switch
        {
            VfioCalls.ENOMEM when limited => string.Create(
                CultureInfo.InvariantCulture,
                $"all of the guest's memory has to stay in place while a device can reach it, and the host lets this user's processes keep {limit.Current >> 20} MiB there, where {length >> 20} MiB more are needed; raise that limit (ulimit -l, LimitMEMLOCK= in a systemd unit, memlock in /etc/security/limits.conf), or run as root"),
            VfioCalls.ENOMEM => string.Create(
                CultureInfo.InvariantCulture,
                $"all of the guest's memory has to stay in place while a device can reach it, and the host has no {length >> 20} MiB left for that; give the guest less (--memory)"),
            _ => new HostException(string.Create(CultureInfo.InvariantCulture, $"map {length >> 20} MiB at {address:x} for it"), error).Message,
        };
    }
}
