using Viaduct.Backends.Block;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>A disk in an array. Works at submission; completions wait for the next reap, or for the test to let them go.</summary>
internal sealed class MemoryBackend : IBlockBackend
{
    private byte[] _bytes;

    internal MemoryBackend(int length = 1 << 20) => _bytes = new byte[length];

    public event Action? LengthChanged;

    public ulong Length => (ulong)_bytes.Length;

    public int LogicalBlockSize { get; init; } = 512;

    public int PhysicalBlockSize { get; init; } = 4096;

    public bool ReadOnly { get; init; }

    public bool CanDiscard { get; init; } = true;

    /// <summary>The errno that operations end with.</summary>
    internal int Error { get; set; }

    /// <summary>Whether completions are kept until <see cref="MemoryQueue.ReleaseReversed"/>.</summary>
    internal bool Hold { get; set; }

    internal int Flushes { get; set; }

    internal int DurableWrites { get; set; }

    internal int UnmappedRanges { get; set; }

    internal MemoryQueue? LastQueue { get; private set; }

    internal Span<byte> Bytes => _bytes;

    public IBlockQueue OpenQueue(int depth) => LastQueue = new MemoryQueue(this, depth);

    public void Dispose()
    {
    }

    internal void Resize(int length)
    {
        Array.Resize(ref _bytes, length);
        LengthChanged?.Invoke();
    }
}
