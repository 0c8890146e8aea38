using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Platform.Pci;

/// <summary>
/// Who hosts the virtual functions of a physical function that is in no topology: each gets a view of memory of its
/// own. Calls come one at a time, outside the topology's lock.
/// </summary>
public interface IVirtualFunctionHost
{
    /// <summary>A DMA identity for one; whom it serves is the host's matter.</summary>
    /// <param name="index">From zero.</param>
    /// <param name="counters">Where its bytes and interrupts are counted.</param>
    DmaTarget NewDmaTarget(int index, DeviceCounters counters);

    /// <summary>One is there and can be served.</summary>
    /// <param name="index">From zero.</param>
    /// <param name="function">In the form <see cref="VirtualFunctionForm.Alone"/>.</param>
    void Added(int index, PciFunction function);

    /// <summary>One goes. It masters no bus any more; after this call the host makes no access to it.</summary>
    /// <param name="index">From zero.</param>
    /// <param name="function">What was <see cref="Added"/>.</param>
    void Removing(int index, PciFunction function);
}
