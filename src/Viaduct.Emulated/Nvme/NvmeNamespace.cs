using System.Numerics;
using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme;

/// <summary>A namespace: a disk, seen in logical blocks. Worker only, but for the note that the disk changed its size.</summary>
internal sealed class NvmeNamespace : IDisposable
{
    private readonly Action _wake;
    private readonly byte[] _eui64 = new byte[8];
    private readonly byte[] _nguid = new byte[16];
    private volatile bool _lengthChanged;

    internal NvmeNamespace(uint id, IBlockBackend disk, IBlockQueue queue, int blockSize, NvmeIdentity identity, Action wake)
    {
        Id = id;
        Disk = disk;
        Queue = queue;
        _wake = wake;
        FirstFormatShift = BitOperations.Log2((uint)disk.LogicalBlockSize) > 9 ? 12 : 9;
        BlockShift = Math.Max(BitOperations.Log2((uint)blockSize), FirstFormatShift);
        Length = disk.Length;
        identity.ForNamespace(id, _eui64, _nguid, out Guid uuid);
        Uuid = uuid;
        disk.LengthChanged += OnLengthChanged;
    }

    internal uint Id { get; }

    internal IBlockBackend Disk { get; }

    internal IBlockQueue Queue { get; }

    /// <summary>log2 of the logical block now.</summary>
    internal int BlockShift { get; set; }

    /// <summary>log2 of the logical block of format 0: 512 bytes, or 4096 where the disk can do no less.</summary>
    internal int FirstFormatShift { get; }

    /// <summary>LBA formats there are: 512 and 4096, or 4096 alone.</summary>
    internal int Formats => FirstFormatShift == 9 ? 2 : 1;

    /// <summary>The LBA format in use.</summary>
    internal int CurrentFormat => (BlockShift - FirstFormatShift) / 3;

    /// <summary>Bytes, as the host was told last.</summary>
    internal ulong Length { get; private set; }

    /// <summary>Logical blocks.</summary>
    internal ulong Blocks => Length >> BlockShift;

    /// <summary>Whether a Format NVM is under way; nothing else runs meanwhile.</summary>
    internal bool Formatting { get; set; }

    /// <summary>How much of it is still to do.</summary>
    internal int FormatPercentLeft { get; set; }

    internal ReadOnlySpan<byte> Eui64 => _eui64;

    internal ReadOnlySpan<byte> Nguid => _nguid;

    internal Guid Uuid { get; }

    /// <summary>log2 of the logical block of a format.</summary>
    internal int FormatShift(int format) => FirstFormatShift + (3 * format);

    /// <summary>Whether a range of blocks is inside, whatever its numbers.</summary>
    internal bool Contains(ulong first, ulong count) => count <= Blocks && first <= Blocks - count;

    /// <summary>Takes over a new size of the disk. True when the host sees a difference.</summary>
    internal bool TryUpdateLength()
    {
        if (!_lengthChanged)
        {
            return false;
        }

        _lengthChanged = false;
        ulong before = Blocks;
        Length = Disk.Length;
        return Blocks != before;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Disk.LengthChanged -= OnLengthChanged;
        Queue.Dispose();
    }

    private void OnLengthChanged()
    {
        _lengthChanged = true;
        _wake();
    }
}
