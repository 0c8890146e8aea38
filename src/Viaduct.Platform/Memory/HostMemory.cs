using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;

namespace Viaduct.Platform.Memory;

/// <summary>
/// A block of host memory that guests see as RAM or as device memory: a memfd mapped shared, so that it can be handed
/// to another process. Pages cost nothing until they are touched.
/// </summary>
public sealed unsafe class HostMemory : IDisposable
{
    /// <summary>Bytes a page: the granularity of <see cref="WatchedPages"/>.</summary>
    public const int PageSize = 4096;

    private readonly SafeFileHandle _file;
    private readonly byte* _pages;
    private readonly nuint _pagesLength;
    private IPageWriteObserver? _observer;
    private bool _disposed;

    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="length">Bytes, a multiple of <see cref="PageSize"/>.</param>
    /// <exception cref="HostException">The host has no room for it.</exception>
    public HostMemory(string name, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0UL, nameof(length));
        int fd = Libc.memfd_create(name, Libc.MFD_CLOEXEC);
        if (fd < 0)
        {
            throw HostException.Last($"memfd_create for {name}");
        }

        _file = new SafeFileHandle(fd, ownsHandle: true);
        if (Libc.ftruncate(fd, checked((long)length)) < 0)
        {
            HostException error = HostException.Last($"ftruncate {name} to {length} bytes");
            _file.Dispose();
            throw error;
        }

        const int ReadWrite = Libc.PROT_READ | Libc.PROT_WRITE;
        Pointer = (byte*)Libc.mmap(null, (nuint)length, ReadWrite, Libc.MAP_SHARED | Libc.MAP_NORESERVE, fd, 0);
        if (Pointer == Libc.MapFailed)
        {
            HostException error = HostException.Last($"mmap {length} bytes of {name}");
            _file.Dispose();
            throw error;
        }

        Length = length;
        _pagesLength = (nuint)(length / PageSize);
        const int Private = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS | Libc.MAP_NORESERVE;
        _pages = (byte*)Libc.mmap(null, _pagesLength, ReadWrite, Private, -1, 0);
        if (_pages == Libc.MapFailed)
        {
            HostException error = HostException.Last($"mmap the page map of {name}");
            _ = Libc.munmap(Pointer, (nuint)length);
            _file.Dispose();
            throw error;
        }
    }

    /// <summary>The first byte in this process.</summary>
    public byte* Pointer { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The memfd behind it, for sharing with another process.</summary>
    public SafeFileHandle File => _file;

    /// <summary>
    /// One byte a page, non-zero where an engine holds decoded code of that page and must hear of writes
    /// (<see cref="NoteWrite"/>). Written by the engine only.
    /// </summary>
    public byte* WatchedPages => _pages;

    /// <summary>Sets who hears of writes to watched pages.</summary>
    public void Observe(IPageWriteObserver observer) => _observer = observer;

    /// <summary>Says that a device writes, or is about to write, these bytes. Cheap where nothing is watched.</summary>
    public void NoteWrite(ulong offset, ulong length)
    {
        if (length == 0)
        {
            return;
        }

        ulong last = (offset + length - 1) / PageSize;
        for (ulong page = offset / PageSize; page <= last; page++)
        {
            if (Volatile.Read(ref _pages[page]) != 0)
            {
                _observer?.OnPageWritten(this, page);
            }
        }
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
        _ = Libc.munmap(_pages, _pagesLength);
        _file.Dispose();
    }
}
