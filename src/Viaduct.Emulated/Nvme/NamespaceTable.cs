using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme;

/// <summary>The namespaces that are attached to a controller, by their identifiers. Worker only.</summary>
internal sealed class NamespaceTable(int capacity) : IDisposable
{
    /// <summary>The identifier that means all namespaces.</summary>
    internal const uint Broadcast = 0xFFFF_FFFF;

    private readonly NvmeNamespace?[] _byId = new NvmeNamespace?[capacity];
    private NvmeNamespace[] _all = [];

    /// <summary>The largest identifier that a namespace of the subsystem can have (NN).</summary>
    internal int Capacity => capacity;

    /// <summary>Those that are attached, in the order of their identifiers.</summary>
    internal ReadOnlySpan<NvmeNamespace> All => _all;

    /// <summary>A namespace by any number that a guest may have given.</summary>
    internal NvmeNamespace? Find(uint id) =>
        id - 1 < (uint)_byId.Length && _byId[id - 1] is { IsAttached: true } found ? found : null;

    /// <summary>How a command ends for which <see cref="Find"/> found nothing (6.1.3 and 6.1.5): some identifiers could be one, others never.</summary>
    internal NvmeStatus Missing(uint id) => id - 1 < (uint)_byId.Length ? NvmeStatus.InvalidField : NvmeStatus.InvalidNamespace;

    /// <summary>Whether exactly this namespace is in the table, attached or not any more.</summary>
    internal bool Holds(SubsystemNamespace core) => _byId[core.Id - 1]?.Core == core;

    /// <summary>Takes a namespace in, or (null) out. The one it replaces is let go of.</summary>
    internal void Set(uint id, NvmeNamespace? value)
    {
        _byId[id - 1]?.Dispose();
        _byId[id - 1] = value;
        _all = [.. _byId.OfType<NvmeNamespace>()];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NvmeNamespace each in _all)
        {
            each.Dispose();
        }
    }
}
