using System.Buffers.Binary;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>What the host is to hear of reservations (log page 80h): one entry a page, the oldest first. Worker only.</summary>
internal sealed class ReservationLog
{
    /// <summary>Bytes of the page.</summary>
    internal const int PageBytes = 64;

    // Number of Available Log Pages is a byte.
    private const int Capacity = 255;

    private readonly Queue<(ulong Count, uint Namespace, ReservationNotice Notice)> _entries = new();
    private ulong _count;

    internal bool IsEmpty => _entries.Count == 0;

    /// <summary>Adds an entry; with too many unread ones it is lost, which the count shows.</summary>
    internal void Add(uint namespaceId, ReservationNotice notice)
    {
        _count++;
        if (_entries.Count < Capacity)
        {
            _entries.Enqueue((_count, namespaceId, notice));
        }
    }

    /// <summary>Writes the oldest entry, or an empty page (NVMe 1.4, 5.14.1.9.1).</summary>
    internal void Write(Span<byte> page)
    {
        if (_entries.TryPeek(out (ulong Count, uint Namespace, ReservationNotice Notice) entry))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page, entry.Count);
            page[8] = (byte)entry.Notice;
            page[9] = (byte)(_entries.Count - 1);
            BinaryPrimitives.WriteUInt32LittleEndian(page[12..], entry.Namespace);
        }
    }

    /// <summary>The host has read the oldest entry.</summary>
    internal void RemoveOldest() => _entries.TryDequeue(out _);

    internal void Clear() => _entries.Clear();
}
