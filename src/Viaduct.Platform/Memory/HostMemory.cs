using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;

namespace Viaduct.Platform.Memory;

/// <summary>
/// A block of host memory that guests see as RAM or as device memory: a memfd mapped shared, so that it can be handed
/// to another process, or part of such a file that another process handed over. Pages cost nothing until they are
/// touched. Files are sealed against shrinking, so that no process can take pages away from under another. A block that
/// no other process will map can be private instead, which hosts back with huge pages more readily.
/// </summary>
public sealed unsafe class HostMemory : IDisposable
{
    /// <summary>Bytes a page: the granularity of <see cref="WatchedPages"/>.</summary>
    public const int PageSize = 4096;

    private const ulong HugePage = 2 << 20;

    private readonly SafeFileHandle? _file;
    private readonly byte* _pages;
    private readonly byte* _pagesMapping;
    private readonly nuint _pagesLength;
    private IPageWriteObserver? _observer;
    private int _unseenWriters;
    private bool _disposed;

    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="length">Bytes, a multiple of <see cref="PageSize"/>.</param>
    /// <exception cref="HostException">The host has no room for it.</exception>
    public HostMemory(string name, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0UL, nameof(length));
        int fd = Libc.memfd_create(name, Libc.MFD_CLOEXEC | Libc.MFD_ALLOW_SEALING);
        if (fd < 0)
        {
            throw HostException.Last($"memfd_create for {name}");
        }

        _file = new SafeFileHandle(fd, ownsHandle: true);
        const int Seals = Libc.F_SEAL_SHRINK | Libc.F_SEAL_GROW | Libc.F_SEAL_SEAL;
        if (Libc.ftruncate(fd, checked((long)(length + PageMapLength(length)))) < 0 || Libc.fcntl(fd, Libc.F_ADD_SEALS, Seals) < 0)
        {
            HostException error = HostException.Last($"size {name} to {length} bytes");
            _file.Dispose();
            throw error;
        }

        Length = length;
        PageMapOffset = length;
        _pagesLength = (nuint)PageMapLength(length);
        (nint memory, nint pages) = MapFile(_file, name, writable: true, ownsPageMap: true);
        Pointer = (byte*)memory;
        _pages = _pagesMapping = (byte*)pages;
    }

    private HostMemory(string name, SafeFileHandle file, ulong offset, ulong length, bool writable, ulong? pageMapOffset)
    {
        _file = file;
        FileOffset = offset;
        Length = length;
        PageMapOffset = pageMapOffset;
        ulong before = pageMapOffset.GetValueOrDefault() % PageSize;
        _pagesLength = (nuint)(before + (length / PageSize));
        (nint memory, nint pages) = MapFile(file, name, writable, ownsPageMap: false);
        Pointer = (byte*)memory;
        _pagesMapping = (byte*)pages;
        _pages = _pagesMapping + before;
    }

    private HostMemory(string name, ulong length, byte* pointer)
    {
        Pointer = pointer;
        Length = length;
        _pagesLength = (nuint)(length / PageSize);
        _pages = _pagesMapping = (byte*)Anonymous($"the page map of {name}", _pagesLength);
    }

    /// <summary>Makes a block that can't be handed to another process: it has no <see cref="File"/>.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="length">Bytes, a multiple of <see cref="PageSize"/>.</param>
    /// <exception cref="HostException">The host has no room for it.</exception>
    public static HostMemory Private(string name, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0UL, nameof(length));

        // What lies before and behind a start that huge pages want is given back.
        byte* room = (byte*)Anonymous(name, checked((nuint)(length + HugePage)));
        ulong before = (HugePage - ((ulong)room % HugePage)) % HugePage;
        byte* start = room + before;
        if (before != 0)
        {
            _ = Libc.munmap(room, (nuint)before);
        }

        _ = Libc.munmap(start + length, (nuint)(HugePage - before));
        _ = Libc.madvise(start, (nuint)length, Libc.MADV_HUGEPAGE);
        return new HostMemory(name, length, start);
    }

    /// <summary>Maps memory that another process shares.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="file">The file; the block owns it from now on, whatever comes of the call.</param>
    /// <param name="offset">Where in the file the block begins, a multiple of <see cref="PageSize"/>.</param>
    /// <param name="length">Bytes, a multiple of <see cref="PageSize"/> and more than none.</param>
    /// <param name="writable">Whether it may be written; a write to one that may not be is an access violation.</param>
    /// <param name="pageMapOffset">Where in the file the other process keeps its <see cref="WatchedPages"/> of the block, which are then read there; null where it doesn't.</param>
    /// <returns>Null where the file is too short, or could be made so while it is in use: touching it might then kill this process.</returns>
    /// <exception cref="HostException">The host has no room for it.</exception>
    public static HostMemory? FromFile(string name, SafeFileHandle file, ulong offset, ulong length, bool writable, ulong? pageMapOffset = null)
    {
        ulong mapStart = pageMapOffset.GetValueOrDefault();
        ulong mapEnd = pageMapOffset is null ? 0 : mapStart + (length / PageSize);
        bool fits = length != 0 && (offset | length) % PageSize == 0 && offset + length > offset && mapEnd >= mapStart
            && IsFixed(file, Math.Max(offset + length, mapEnd));
        if (!fits)
        {
            file.Dispose();
            return null;
        }

        return new HostMemory(name, file, offset, length, writable, pageMapOffset);
    }

    /// <summary>
    /// Maps part of a device's own file: its registers, or memory on it. What is read there may change by itself, and a
    /// read or write may do something.
    /// </summary>
    /// <param name="name">For messages.</param>
    /// <param name="file">The device's file; it stays the caller's, and so do its length and what becomes of it: that the part stays is for the caller to know.</param>
    /// <param name="offset">Where in the file the part begins, a multiple of <see cref="PageSize"/>.</param>
    /// <param name="length">Bytes, a multiple of <see cref="PageSize"/> and more than none.</param>
    /// <param name="writable">Whether it may be written.</param>
    /// <exception cref="HostException">The device doesn't let itself be mapped.</exception>
    public static HostMemory FromDevice(string name, SafeFileHandle file, ulong offset, ulong length, bool writable)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual((offset | length) % PageSize, 0UL, nameof(offset));
        return new HostMemory(name, new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), offset, length, writable, pageMapOffset: null);
    }

    /// <summary>The first byte in this process.</summary>
    public byte* Pointer { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The memfd behind it, for sharing with another process. A private block has none.</summary>
    public SafeFileHandle File => _file ?? throw new InvalidOperationException("a private block can't be shared with another process");

    /// <summary>Where in <see cref="File"/> the block begins.</summary>
    public ulong FileOffset { get; }

    /// <summary>
    /// One byte a page, non-zero where an engine holds decoded code of that page and must hear of writes
    /// (<see cref="NoteWrite"/>). Written by the engine only: it marks the page, passes a full fence, and reads the bytes
    /// then; who writes passes one before it looks here. So either the engine reads what was written, or the writer
    /// finds the mark.
    /// </summary>
    public byte* WatchedPages => _pages;

    /// <summary>Where in <see cref="File"/> the <see cref="WatchedPages"/> lie, for sharing with a process that writes the block; null where they aren't there.</summary>
    public ulong? PageMapOffset { get; }

    /// <summary>Whether somebody may write the block whose writes nobody notes: a device of another process that doesn't tell.</summary>
    public bool HasUnseenWriters => Volatile.Read(ref _unseenWriters) != 0;

    /// <summary>Somebody may write from now on without a word; before it can.</summary>
    public void AddUnseenWriter() => Interlocked.Increment(ref _unseenWriters);

    /// <summary>One that was added can't write any more.</summary>
    public void RemoveUnseenWriter() => Interlocked.Decrement(ref _unseenWriters);

    /// <summary>Asks the host to back the block with large pages where it has them. For one that will be all in use.</summary>
    public void PreferLargePages() => _ = Libc.madvise(Pointer, (nuint)Length, Libc.MADV_HUGEPAGE);

    /// <summary>Sets who hears of writes to watched pages.</summary>
    public void Observe(IPageWriteObserver observer) => _observer = observer;

    /// <summary>
    /// Says that a device wrote these bytes, before it tells anybody that it has; or, as well as that, that it is about
    /// to. Cheap where nothing is watched.
    /// </summary>
    public void NoteWrite(ulong offset, ulong length)
    {
        if (length == 0)
        {
            return;
        }

        Interlocked.MemoryBarrier();
        ulong page = offset / PageSize;
        ulong end = ((offset + length - 1) / PageSize) + 1;
        while (page < end)
        {
            ReadOnlySpan<byte> marks = new(_pages + page, (int)Math.Min(end - page, int.MaxValue));
            int marked = marks.IndexOfAnyExcept((byte)0);
            if (marked < 0)
            {
                page += (ulong)marks.Length;
                continue;
            }

            page += (ulong)marked;
            _observer?.OnPageWritten(this, page++);
        }
    }

    /// <summary>Finds the next run of pages that anybody has touched; what lies between such runs is zero, and reading it would cost memory.</summary>
    /// <param name="from">Where to look from, in bytes.</param>
    /// <returns>Its place and length; no length where none follows.</returns>
    public (ulong Offset, ulong Length) NextTouched(ulong from)
    {
        if (_file is null)
        {
            // The host keeps no list of a private block's.
            return from < Length ? (from, Length - from) : (Length, 0);
        }

        int fd = (int)_file.DangerousGetHandle();
        long end = (long)(FileOffset + Length);
        long start = Libc.lseek(fd, (long)(FileOffset + from), Libc.SEEK_DATA);
        if (start < 0 || start >= end)
        {
            return (Length, 0);
        }

        long hole = Libc.lseek(fd, start, Libc.SEEK_HOLE);
        return ((ulong)start - FileOffset, (ulong)(Math.Min(hole < 0 ? end : hole, end) - start));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _ = Libc.munmap(Pointer, (nuint)Length);
        _ = Libc.munmap(_pagesMapping, _pagesLength);
        _file?.Dispose();
    }

    private static void* Anonymous(string name, nuint length)
    {
        void* memory = Libc.mmap(null, length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE, -1, 0);
        return memory == Libc.MapFailed ? throw HostException.Last($"mmap {length} bytes of {name}") : memory;
    }

    // The map lies behind the block in its file, whole pages.
    private static ulong PageMapLength(ulong length) => ((length / PageSize) + (PageSize - 1)) & ~(ulong)(PageSize - 1);

    private static bool IsFixed(SafeFileHandle file, ulong end)
    {
        int fd = (int)file.DangerousGetHandle();

        // Its owner may have left that open; a file that can't be sealed refuses and has no seals.
        _ = Libc.fcntl(fd, Libc.F_ADD_SEALS, Libc.F_SEAL_SHRINK);
        int seals = Libc.fcntl(fd, Libc.F_GET_SEALS, 0);
        long length = Libc.lseek(fd, 0, Libc.SEEK_END);
        return seals >= 0 && (seals & Libc.F_SEAL_SHRINK) != 0 && length >= 0 && end <= (ulong)length;
    }

    // Where a block begins at a multiple of a large page's size in its file, it does so in this process, so that the host
    // can use such pages for it, and the IOMMU of a device that it is mapped for.
    private (nint Address, int Flags) Place()
    {
        const ulong LargePage = 2 << 20;
        if (Length < LargePage || FileOffset % LargePage != 0)
        {
            return (0, 0);
        }

        void* reserved = Libc.mmap(null, (nuint)(Length + LargePage), Libc.PROT_NONE, Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE, -1, 0);
        if (reserved == Libc.MapFailed)
        {
            return (0, 0);
        }

        ulong start = ((ulong)reserved + LargePage - 1) & ~(LargePage - 1);
        ulong before = start - (ulong)reserved;
        if (before != 0)
        {
            _ = Libc.munmap(reserved, (nuint)before);
        }

        ulong end = (start + Length + PageSize - 1) & ~(ulong)(PageSize - 1);
        ulong reservedEnd = (ulong)reserved + Length + LargePage;
        if (end != reservedEnd)
        {
            _ = Libc.munmap((void*)end, (nuint)(reservedEnd - end));
        }

        return ((nint)start, Libc.MAP_FIXED);
    }

    private (nint Memory, nint Pages) MapFile(SafeFileHandle file, string name, bool writable, bool ownsPageMap)
    {
        int protection = writable ? Libc.PROT_READ | Libc.PROT_WRITE : Libc.PROT_READ;
        int fd = (int)file.DangerousGetHandle();
        (nint place, int placed) = Place();
        void* memory = Libc.mmap((void*)place, (nuint)Length, protection, Libc.MAP_SHARED | Libc.MAP_NORESERVE | placed, fd, checked((long)FileOffset));
        if (memory == Libc.MapFailed)
        {
            HostException error = HostException.Last($"mmap {Length} bytes of {name}");
            file.Dispose();
            throw error;
        }

        const int Private = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE;
        void* pages = PageMapOffset is { } start
            ? Libc.mmap(
                null,
                _pagesLength,
                ownsPageMap ? Libc.PROT_READ | Libc.PROT_WRITE : Libc.PROT_READ,
                Libc.MAP_SHARED | Libc.MAP_NORESERVE,
                fd,
                checked((long)(start & ~(ulong)(PageSize - 1))))
            : Libc.mmap(null, _pagesLength, Libc.PROT_READ | Libc.PROT_WRITE, Private, -1, 0);
        if (pages == Libc.MapFailed)
        {
            HostException error = HostException.Last($"mmap the page map of {name}");
            _ = Libc.munmap(memory, (nuint)Length);
            file.Dispose();
            throw error;
        }

        return ((nint)memory, (nint)pages);
    }
}
