using Viaduct.Platform.Dma;

namespace Viaduct.Platform.Pci;

/// <summary>A device that makes virtual functions. Calls come one at a time, outside the topology's lock, on the thread that enabled or disabled them.</summary>
public interface IVirtualFunctionSource
{
    /// <summary>Makes one, with <see cref="SriovCapability.NewFunction"/>, and the device behind it. It answers to nobody yet.</summary>
    /// <param name="index">From zero.</param>
    /// <param name="dma">Its way to memory and interrupts; <see cref="DmaTarget.Counters"/> is where its costs are counted.</param>
    /// <param name="form">How it shows itself.</param>
    /// <returns>The function, or null when the host has no means for one more: it is missing then.</returns>
    PciFunction? Create(int index, DmaTarget dma, VirtualFunctionForm form);

    /// <summary>
    /// Takes one away for good. Nobody reaches it any more, no access to it is under way, its DMA and interrupts are
    /// revoked and <see cref="PciFunction.Reset"/> has stopped its work.
    /// </summary>
    /// <param name="index">From zero.</param>
    /// <param name="function">What <see cref="Create"/> returned.</param>
    void Remove(int index, PciFunction function);
}
