using System.Numerics;
using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>A namespace as the subsystem has it, whoever it is attached to: a range of a disk, with its names, format and reservations.</summary>
internal sealed class SubsystemNamespace
{
    private readonly bool[] _attached = new bool[NvmeLimits.Controllers];
    private readonly ulong? _length;
    private readonly byte[] _eui64 = new byte[8];
    private readonly byte[] _nguid = new byte[16];
    private object? _formatter;
    private volatile int _blockShift;

    /// <param name="id">NSID.</param>
    /// <param name="options">Where it lies. Checked by the subsystem.</param>
    /// <param name="blockSize">Bytes of a block, if the disk can do that.</param>
    /// <param name="identity">What its names are made from.</param>
    /// <param name="incarnation">How many namespaces had the identifier before.</param>
    /// <param name="notify">Told which host is to hear of what happens to reservations.</param>
    internal SubsystemNamespace(uint id, NvmeNamespaceOptions options, int blockSize, NvmeIdentity identity, uint incarnation, Action<SubsystemNamespace, HostIdentity, ReservationNotice> notify)
    {
        Id = id;
        Disk = options.Disk;
        Start = options.Offset;
        Shared = options.Shared;
        _length = options.Length;
        FirstFormatShift = BitOperations.Log2((uint)Disk.LogicalBlockSize) > 9 ? 12 : 9;
        _blockShift = Math.Max(BitOperations.Log2((uint)blockSize), FirstFormatShift);
        identity.ForNamespace(id, incarnation, _eui64, _nguid, out Guid uuid);
        Uuid = uuid;
        Reservations = new Reservations((host, notice) => notify(this, host, notice));
    }

    internal uint Id { get; }

    internal IBlockBackend Disk { get; }

    /// <summary>Its first byte on the disk.</summary>
    internal ulong Start { get; }

    /// <summary>Whether several controllers may have it at once (NMIC).</summary>
    internal bool Shared { get; }

    /// <summary>Whether it ends where the disk ends.</summary>
    internal bool FollowsDisk => _length is null;

    /// <summary>Bytes, as of now.</summary>
    internal ulong Length => _length ?? (Disk.Length > Start ? Disk.Length - Start : 0);

    /// <summary>log2 of the logical block of format 0: 512 bytes, or 4096 where the disk can do no less.</summary>
    internal int FirstFormatShift { get; }

    /// <summary>LBA formats there are: 512 and 4096, or 4096 alone.</summary>
    internal int Formats => FirstFormatShift == 9 ? 2 : 1;

    /// <summary>log2 of the logical block now.</summary>
    internal int BlockShift
    {
        get => _blockShift;
        set => _blockShift = value;
    }

    /// <summary>The LBA format in use.</summary>
    internal int CurrentFormat => (BlockShift - FirstFormatShift) / 3;

    /// <summary>Whether a Format NVM is under way, on whichever controller; nothing else runs meanwhile.</summary>
    internal bool Formatting => Volatile.Read(ref _formatter) is not null;

    /// <summary>How much of it is still to do.</summary>
    internal int FormatPercentLeft { get; set; }

    /// <summary>False while it is being made: it has its place, and nobody sees it.</summary>
    internal bool Allocated { get; set; } = true;

    internal Reservations Reservations { get; }

    internal ReadOnlySpan<byte> Eui64 => _eui64;

    internal ReadOnlySpan<byte> Nguid => _nguid;

    internal Guid Uuid { get; }

    /// <summary>Whether any controller has it. Under the subsystem's lock.</summary>
    internal bool AnyAttached => Array.IndexOf(_attached, true) >= 0;

    /// <summary>log2 of the logical block of a format.</summary>
    internal int FormatShift(int format) => FirstFormatShift + (3 * format);

    /// <summary>Whether a controller has it. Any thread.</summary>
    internal bool IsAttached(int controller) => Volatile.Read(ref _attached[controller]);

    /// <summary>Under the subsystem's lock.</summary>
    internal void SetAttached(int controller, bool attached) => Volatile.Write(ref _attached[controller], attached);

    /// <summary>Begins a format, unless there is one.</summary>
    internal bool TryBeginFormat(object formatter) => Interlocked.CompareExchange(ref _formatter, formatter, null) is null;

    /// <summary>Ends the format that <paramref name="formatter"/> began; nothing otherwise.</summary>
    internal void EndFormat(object formatter) => Interlocked.CompareExchange(ref _formatter, null, formatter);
}
