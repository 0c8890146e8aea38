using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block.Raw;

/// <summary>An open regular file or block device: what it is, what it can do, and what was learnt about that since.</summary>
internal sealed unsafe class RawFile : IDisposable
{
    /// <summary>Bytes at <see cref="Zeroes"/>.</summary>
    internal const int ZeroesLength = 64 * 1024;
    private const int SmallestBlock = 512;
    private const int PageSize = 4096;
    private readonly SafeFileHandle _handle;
    private readonly bool _isDevice;
    private ulong _memoryMask;
    private ulong _length;
    private long _syncs;
    private volatile int _syncError;
    private volatile bool _canDiscard;
    private volatile bool _canZeroRange = true;
    private volatile bool _canWriteThrough = true;

    private RawFile(SafeFileHandle handle, RawBlockOptions options, in FileCalls.Statx status)
    {
        _handle = handle;
        Path = options.Path;
        ReadOnly = options.ReadOnly;
        _isDevice = (status.Mode & FileCalls.IFMT) == FileCalls.IFBLK;
        BlockSize = SmallestBlock;
        PhysicalBlockSize = Math.Max(PageSize, SmallestBlock);
        Zeroes = (byte*)NativeMemory.AlignedAlloc(ZeroesLength, PageSize);
        NativeMemory.Clear(Zeroes, ZeroesLength);
    }

    internal string Path { get; }

    internal bool ReadOnly { get; }

    internal bool Direct { get; private set; }

    internal int BlockSize { get; private set; }

    internal int PhysicalBlockSize { get; private set; }

    internal ulong Length => Volatile.Read(ref _length);

    internal int Descriptor => (int)_handle.DangerousGetHandle();

    /// <summary>Zero bytes to write from where the file system can't make zeroes itself.</summary>
    internal byte* Zeroes { get; }

    internal long Syncs => Interlocked.Read(ref _syncs);

    internal bool CanDiscard
    {
        get => _canDiscard;
        set => _canDiscard = value;
    }

    internal bool CanZeroRange
    {
        get => _canZeroRange;
        set => _canZeroRange = value;
    }

    internal bool CanWriteThrough
    {
        get => _canWriteThrough;
        set => _canWriteThrough = value;
    }

    /// <summary>
    /// Zero, or the error of a sync that failed. It stays: the kernel reports lost pages once and then forgets them, so
    /// a later sync that succeeds would promise what isn't on the disk. With <c>O_DIRECT</c> there are no such pages.
    /// </summary>
    internal int SyncError => _syncError;

    internal static RawFile Open(RawBlockOptions options, List<string> notes)
    {
        SafeFileHandle handle = OpenHandle(options);
        RawFile? file = null;
        try
        {
            FileCalls.Statx status = ReadStatus(handle, options.Path);
            RejectOtherKinds(options.Path, status);
            if (options.Lock)
            {
                RawFileLock.Take(handle, options, notes);
            }

            file = new RawFile(handle, options, status);
            file.ReadGeometry(status);
            if (options.Direct)
            {
                file.TryDirect(status, notes);
            }

            file.CheckLength();
            file.CanDiscard = !options.ReadOnly && (file._isDevice ? DeviceDiscards(status) : file.ProbeHoles());
            return file;
        }
        catch
        {
            file?.Dispose();
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether <c>O_DIRECT</c>, or the absence of it, takes these bytes as they lie.</summary>
    internal bool TakesDirectly(in HostSegment segment) =>
        !Direct || (((ulong)segment.Address & _memoryMask) == 0 && (segment.Length & (nuint)(BlockSize - 1)) == 0);

    internal void NoteSynced() => Interlocked.Increment(ref _syncs);

    internal void NoteSyncFailed(int error)
    {
        if (!Direct)
        {
            _syncError = error;
        }
    }

    /// <summary>True when the length is another than before.</summary>
    internal bool RefreshLength()
    {
        ulong length = ReadLength() & ~((ulong)BlockSize - 1);
        return Interlocked.Exchange(ref _length, length) != length;
    }

    internal void Resize(ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % (ulong)BlockSize, 0UL, nameof(length));
        if (_isDevice || ReadOnly)
        {
            throw new InvalidOperationException($"disk '{Path}' can't be resized: it is {(_isDevice ? "a block device" : "open read-only")}");
        }

        if (FileCalls.ftruncate(Descriptor, checked((long)length)) < 0)
        {
            throw HostException.Last($"ftruncate '{Path}' to {length} bytes");
        }
    }

    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            _handle.Dispose();
            NativeMemory.AlignedFree(Zeroes);
        }
    }

    private static SafeFileHandle OpenHandle(RawBlockOptions options)
    {
        int flags = FileCalls.O_CLOEXEC | (options.ReadOnly ? FileCalls.O_RDONLY : FileCalls.O_RDWR);
        if (!options.ReadOnly && IsBlockDevice(options.Path))
        {
            // On a block device O_EXCL fails where the host has it mounted or otherwise in use.
            flags |= FileCalls.O_EXCL;
        }

        int fd = FileCalls.open(options.Path, flags);
        return fd >= 0
            ? new SafeFileHandle(fd, ownsHandle: true)
            : throw new BlockOpenException(options.Path, OpenReason(options, Marshal.GetLastPInvokeError()));
    }

    private static string OpenReason(RawBlockOptions options, int error) => error switch
    {
        Errno.ENOENT => "no such file; create it (truncate -s 8G FILE) or correct the path",
        Errno.EACCES or Errno.EPERM => options.ReadOnly
            ? "this user may not read it; change its permissions or run as its owner"
            : "this user may not write to it; change its permissions, run as its owner, or open it readonly",
        Errno.EISDIR => "it is a directory; name a file or a block device",
        Errno.EROFS => "its file system is read-only; open it readonly",
        Errno.EBUSY => "it is in use, by another monitor or by the host itself (mounted, swap, RAID or LVM); end that use first, or open it readonly",
        _ => new HostException("open", error).Message,
    };

    private static bool IsBlockDevice(string path)
    {
        FileCalls.Statx status;
        return FileCalls.statx(FileCalls.AT_FDCWD, path, 0, FileCalls.STATX_BASIC_STATS, &status) == 0
            && (status.Mode & FileCalls.IFMT) == FileCalls.IFBLK;
    }

    private static FileCalls.Statx ReadStatus(SafeFileHandle handle, string path)
    {
        FileCalls.Statx status;
        const uint Wanted = FileCalls.STATX_BASIC_STATS | FileCalls.STATX_DIOALIGN;
        int fd = (int)handle.DangerousGetHandle();
        return FileCalls.statx(fd, "", FileCalls.AT_EMPTY_PATH, Wanted, &status) == 0
            ? status
            : throw HostException.Last($"statx '{path}'");
    }

    private static void RejectOtherKinds(string path, in FileCalls.Statx status)
    {
        int kind = status.Mode & FileCalls.IFMT;
        if (kind != FileCalls.IFREG && kind != FileCalls.IFBLK)
        {
            string what = kind == FileCalls.IFDIR ? "a directory" : "neither a regular file nor a block device";
            throw new BlockOpenException(path, $"it is {what}; name a file or a block device");
        }
    }

    /// <summary>The kernel's word on whether a device (a partition's is its disk's) gives discarded space back.</summary>
    private static bool DeviceDiscards(in FileCalls.Statx status)
    {
        string device = string.Create(CultureInfo.InvariantCulture, $"/sys/dev/block/{status.DeviceMajor}:{status.DeviceMinor}");
        string own = $"{device}/queue/discard_max_bytes";
        string file = File.Exists(own) ? own : $"{device}/../queue/discard_max_bytes";
        return File.Exists(file) && File.ReadAllText(file).Trim() != "0";
    }

    private void ReadGeometry(in FileCalls.Statx status)
    {
        if (_isDevice)
        {
            BlockSize = Math.Max(SmallestBlock, ReadDeviceInteger(FileCalls.BLKSSZGET, "BLKSSZGET"));
            PhysicalBlockSize = Math.Max(BlockSize, ReadDeviceInteger(FileCalls.BLKPBSZGET, "BLKPBSZGET"));
        }
        else if (status.BlockSize is >= PageSize and <= 1 << 20 && (status.BlockSize & (status.BlockSize - 1)) == 0)
        {
            PhysicalBlockSize = (int)status.BlockSize;
        }
    }

    private int ReadDeviceInteger(nuint request, string name)
    {
        int value = 0;
        return FileCalls.ioctl(Descriptor, request, &value) == 0 ? value : throw HostException.Last($"{name} on '{Path}'");
    }

    private ulong ReadLength()
    {
        if (!_isDevice)
        {
            return ReadStatus(_handle, Path).Size;
        }

        ulong length = 0;
        return FileCalls.ioctl(Descriptor, FileCalls.BLKGETSIZE64, &length) == 0
            ? length
            : throw HostException.Last($"BLKGETSIZE64 on '{Path}'");
    }

    private void CheckLength()
    {
        ulong length = ReadLength();
        if (length == 0)
        {
            throw new BlockOpenException(Path, "it is empty; give it a size (truncate -s 8G FILE)");
        }

        if (length % (ulong)BlockSize != 0)
        {
            ulong whole = (length / (ulong)BlockSize * (ulong)BlockSize) + (ulong)BlockSize;
            throw new BlockOpenException(Path, $"its size, {length} bytes, is no multiple of {BlockSize}; is it a raw disk image? If so, pad it: truncate -s {whole} FILE");
        }

        _length = length;
    }

    /// <summary>Turns the page cache off for this descriptor, where the file system lets it be and the blocks fit.</summary>
    private void TryDirect(in FileCalls.Statx status, List<string> notes)
    {
        bool told = (status.Mask & FileCalls.STATX_DIOALIGN) != 0;
        if (told && status.DirectOffsetAlignment == 0)
        {
            notes.Add($"disk '{Path}' uses the page cache, because its file system has no O_DIRECT");
            return;
        }

        int flags = FileCalls.fcntl(Descriptor, FileCalls.F_GETFL, null);
        if (flags < 0 || FileCalls.fcntl(Descriptor, FileCalls.F_SETFL, (void*)(nint)(flags | FileCalls.O_DIRECT)) < 0)
        {
            notes.Add($"disk '{Path}' uses the page cache, because its file system refuses O_DIRECT");
            return;
        }

        uint offset = told ? status.DirectOffsetAlignment : ProbeAlignment();
        uint memory = told ? status.DirectMemoryAlignment : offset;
        uint block = Math.Max(offset, (uint)BlockSize);
        if (offset == 0 || block > PageSize || ReadLength() % block != 0)
        {
            _ = FileCalls.fcntl(Descriptor, FileCalls.F_SETFL, (void*)(nint)flags);
            notes.Add($"disk '{Path}' uses the page cache, because its size is no multiple of the {block} bytes that O_DIRECT needs");
            return;
        }

        Direct = true;
        BlockSize = (int)block;
        PhysicalBlockSize = Math.Max(PhysicalBlockSize, BlockSize);
        _memoryMask = memory - 1;
    }

    /// <summary>The alignment that a read with <c>O_DIRECT</c> needs, for kernels before 6.1, which don't say; zero where none works.</summary>
    private uint ProbeAlignment()
    {
        byte* buffer = (byte*)NativeMemory.AlignedAlloc(2 * PageSize, PageSize);
        try
        {
            bool small = FileCalls.pread(Descriptor, buffer + SmallestBlock, SmallestBlock, SmallestBlock) >= 0;
            return small ? SmallestBlock : FileCalls.pread(Descriptor, buffer, PageSize, 0) >= 0 ? (uint)PageSize : 0;
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    /// <summary>Whether the file system punches holes: asked behind the end, where there is nothing to lose.</summary>
    private bool ProbeHoles()
    {
        const int Mode = FileCalls.FALLOC_FL_PUNCH_HOLE | FileCalls.FALLOC_FL_KEEP_SIZE;
        return FileCalls.fallocate(Descriptor, Mode, (long)_length, PageSize) == 0;
    }
}
