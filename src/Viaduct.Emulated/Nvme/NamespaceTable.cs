namespace Viaduct.Emulated.Nvme;

/// <summary>The namespaces, by their identifiers from 1 on; all are attached, for good.</summary>
internal sealed class NamespaceTable(NvmeNamespace[] namespaces)
{
    /// <summary>The identifier that means all namespaces.</summary>
    internal const uint Broadcast = 0xFFFF_FFFF;

    /// <summary>How many there are; also the largest identifier.</summary>
    internal int Count => namespaces.Length;

    internal ReadOnlySpan<NvmeNamespace> All => namespaces;

    /// <summary>A namespace by any number that a guest may have given.</summary>
    internal NvmeNamespace? Find(uint id) => id - 1 < (uint)namespaces.Length ? namespaces[id - 1] : null;
}
