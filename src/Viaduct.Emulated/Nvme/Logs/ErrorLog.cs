using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>The last commands that failed (log page 01h). Worker only.</summary>
internal sealed class ErrorLog
{
    private readonly ErrorEntry[] _ring = new ErrorEntry[NvmeLimits.ErrorEntries];
    private int _next;

    /// <summary>Errors in the controller's life.</summary>
    internal ulong Count { get; private set; }

    internal void Add(int queue, ushort commandId, NvmeStatus status, uint namespaceId, ulong block)
    {
        Count++;
        _ring[_next] = new ErrorEntry(Count, queue, commandId, status, namespaceId, block);
        _next = (_next + 1) % _ring.Length;
    }

    /// <summary>Writes the log page, the newest entry first.</summary>
    /// <returns>Bytes.</returns>
    internal int Write(Span<byte> page)
    {
        Span<ErrorEntry> entries = MemoryMarshal.Cast<byte, ErrorEntry>(page)[.._ring.Length];
        for (int i = 0; i < _ring.Length; i++)
        {
            entries[i] = _ring[(_next + _ring.Length - 1 - i) % _ring.Length];
        }

        return MemoryMarshal.AsBytes(entries).Length;
    }
}
