namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Bits of Asynchronous Event Configuration (NVMe 1.4, 5.21.1.11) and of OAES, which has the same places.</summary>
internal static class EventConfiguration
{
    /// <summary>Namespace Attribute Notices.</summary>
    internal const uint NamespaceAttributes = 1 << 8;
}
