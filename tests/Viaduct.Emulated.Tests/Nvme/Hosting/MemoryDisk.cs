using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>A disk in memory whose behaviour a test can bend.</summary>
internal sealed class MemoryDisk(int length, int logicalBlockSize = 512) : IBlockBackend
{
    public event Action? LengthChanged;

    public byte[] Bytes { get; private set; } = new byte[length];

    public ulong Length => (ulong)Bytes.Length;

    public int LogicalBlockSize => logicalBlockSize;

    public int PhysicalBlockSize => 4096;

    public bool ReadOnly { get; init; }

    public bool CanDiscard => true;

    /// <summary>While true, requests stay with the disk.</summary>
    public volatile bool Hold;

    /// <summary>The errno of every request from now on.</summary>
    public int Error { get; set; }

    /// <summary>The requests that were carried out, flushes and such among them.</summary>
    public List<(BlockOperation Operation, ulong Offset, ulong Length, bool Durable)> Carried { get; } = [];

    public bool Record { get; set; } = true;

    public IBlockQueue OpenQueue(int depth) => new MemoryDiskQueue(this, depth);

    public void Resize(int length)
    {
        byte[] bytes = new byte[length];
        Bytes.AsSpan(0, Math.Min(length, Bytes.Length)).CopyTo(bytes);
        Bytes = bytes;
        LengthChanged?.Invoke();
    }

    public void Dispose()
    {
    }
}
