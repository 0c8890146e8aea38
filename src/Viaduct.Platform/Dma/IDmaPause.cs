namespace Viaduct.Platform.Dma;

/// <summary>A device that stops its DMA for a while, so that memory can be taken out of its reach without a reset.</summary>
public interface IDmaPause
{
    /// <summary>Returns when no DMA is under way; none begins before <see cref="Resume"/>. One caller at a time; not for the device's own threads.</summary>
    void Pause();

    /// <summary>Lets the device go on.</summary>
    void Resume();
}
