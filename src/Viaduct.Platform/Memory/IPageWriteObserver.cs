namespace Viaduct.Platform.Memory;

/// <summary>Hears of writes by devices to pages that it watches: an engine that caches decoded code.</summary>
public interface IPageWriteObserver
{
    /// <summary>A device wrote, or is about to write, a watched page. Any thread.</summary>
    /// <param name="memory">The block.</param>
    /// <param name="page">The page's index in it.</param>
    void OnPageWritten(HostMemory memory, ulong page);
}
