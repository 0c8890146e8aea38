using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// Tells the client of writes to pages that its engine keeps code of, and returns when it has answered. A client that
/// can't be told gets no completion either.
/// </summary>
/// <param name="link">The way to the client.</param>
/// <param name="address">Where the memory lies on the bus.</param>
/// <param name="dma">The function's identity, which loses its grant if the client can't be told.</param>
internal sealed class CodeReporter(ClientLink link, ulong address, DmaTarget dma) : IPageWriteObserver
{
    /// <inheritdoc/>
    public void OnPageWritten(HostMemory memory, ulong page)
    {
        if (!link.TryReportCode(address + (page * HostMemory.PageSize), HostMemory.PageSize))
        {
            dma.Granted = false;
        }
    }
}
