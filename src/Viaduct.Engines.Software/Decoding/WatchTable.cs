using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>The <see cref="WatchedPage"/>s of a block of memory, by page.</summary>
internal sealed unsafe class WatchTable : IDisposable
{
    private readonly HostMemory _pages;

    internal WatchTable(HostMemory memory)
    {
        Memory = memory;
        ulong bytes = memory.Length / HostMemory.PageSize * (ulong)sizeof(WatchedPage);
        _pages = new HostMemory("viaduct-watched-pages", (bytes + HostMemory.PageSize - 1) & ~(HostMemory.PageSize - 1UL));
    }

    /// <summary>The block.</summary>
    internal HostMemory Memory { get; }

    /// <summary>The first page's.</summary>
    internal WatchedPage* Pages => (WatchedPage*)_pages.Pointer;

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();
}
