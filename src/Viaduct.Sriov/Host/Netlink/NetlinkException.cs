using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>The kernel refused what a message asked.</summary>
internal sealed class NetlinkException(int errno, string? reason) : IOException(reason ?? new HostException("netlink", errno).Message)
{
    /// <summary>The kernel's error number.</summary>
    internal int Errno { get; } = errno;

    /// <summary>The kernel's own words, where it gave any.</summary>
    internal string? Reason { get; } = reason;
}
