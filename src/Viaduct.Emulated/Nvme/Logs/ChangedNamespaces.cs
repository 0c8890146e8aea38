using System.Buffers.Binary;

namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>The namespaces that changed since the host last asked (log page 04h). Worker only.</summary>
internal sealed class ChangedNamespaces
{
    // The page holds this many; one more, and it says only that there are too many.
    private const int Capacity = 1024;

    private readonly SortedSet<uint> _ids = [];

    internal void Add(uint namespaceId) => _ids.Add(namespaceId);

    internal void Clear() => _ids.Clear();

    /// <summary>Writes the page of 4096 zeroed bytes (NVMe 1.4, 5.14.1.4).</summary>
    internal void Write(Span<byte> page)
    {
        if (_ids.Count > Capacity)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page, uint.MaxValue);
            return;
        }

        foreach (uint id in _ids)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page, id);
            page = page[4..];
        }
    }
}
