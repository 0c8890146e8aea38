namespace Viaduct.Platform.Interrupts;

/// <summary>Where message-signalled interrupts arrive: an engine's interrupt controllers, or an IOMMU's remapper before them.</summary>
public interface IMsiSink
{
    /// <summary>A function wrote <paramref name="data"/> to the message address <paramref name="address"/>. Any thread; must not block.</summary>
    /// <param name="requesterId">Bus, device and function of the writer.</param>
    /// <param name="address">The message address (x86: 0xFEExxxxx, Intel SDM vol. 3A 11.11).</param>
    /// <param name="data">The message data.</param>
    void Signal(ushort requesterId, ulong address, uint data);
}
