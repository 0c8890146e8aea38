using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>One kind of resource in <see cref="PrimaryCapabilities"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlexibleCapability
{
    /// <summary>VQFRT, VIFRT: flexible ones there are.</summary>
    internal uint Total;

    /// <summary>VQRFA, VIRFA: assigned to secondary controllers.</summary>
    internal uint Assigned;

    /// <summary>VQRFAP, VIRFAP: allocated to the primary controller.</summary>
    internal ushort Primary;

    /// <summary>VQPRT, VIPRT: private ones of the primary controller.</summary>
    internal ushort PrimaryPrivate;

    /// <summary>VQFRSM, VIFRSM: what a secondary controller can have.</summary>
    internal ushort SecondaryMaximum;

    /// <summary>VQGRAN, VIGRAN.</summary>
    internal ushort Granularity;
}
