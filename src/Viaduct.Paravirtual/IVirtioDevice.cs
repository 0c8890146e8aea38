using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual;

/// <summary>
/// A virtio device without a transport: what it offers, its configuration, and what it does with its queues. Who hosts
/// it, a PCI function, a vhost-user back-end or a test, negotiates, makes the queues and starts and stops them.
/// </summary>
/// <remarks>
/// The host calls <see cref="ReadConfig"/> and <see cref="WriteConfig"/> one at a time, and the rest but
/// <see cref="Notify"/> one at a time; a call of one kind may overlap one of another. A queue is the device's between
/// <see cref="StartQueue"/> and the return of <see cref="StopQueue"/>; in between the host doesn't touch it.
/// </remarks>
public interface IVirtioDevice : IDisposable
{
    /// <summary>The device's id, as the user named it.</summary>
    string Name { get; }

    /// <summary>What it is.</summary>
    DeviceType Type { get; }

    /// <summary>The bits of its own type that it offers (0 to 23, 50 and up).</summary>
    ulong Features { get; }

    /// <summary>The largest size of each queue, a power of two up to 32768.</summary>
    ReadOnlySpan<ushort> QueueSizes { get; }

    /// <summary>Bytes of device-specific configuration.</summary>
    int ConfigLength { get; }

    /// <summary>Says who hosts it. Once, before anything else.</summary>
    void Attach(IVirtioHost host);

    /// <summary>Fills in the whole device-specific configuration as it stands.</summary>
    /// <param name="config"><see cref="ConfigLength"/> bytes.</param>
    void ReadConfig(Span<byte> config);

    /// <summary>The driver writes to the configuration; what isn't writable is dropped.</summary>
    /// <param name="offset">Bytes from the start of the configuration.</param>
    /// <param name="bytes">What is written, inside <see cref="ConfigLength"/>.</param>
    void WriteConfig(int offset, ReadOnlySpan<byte> bytes);

    /// <summary>The features both sides agreed on. Once between resets, before any queue is started.</summary>
    void SetFeatures(ulong features);

    /// <summary>Hands over a queue; its state says where to go on.</summary>
    void StartQueue(int index, VirtQueue queue);

    /// <summary>The driver says that a queue has new chains. Any thread; returns at once.</summary>
    void Notify(int index);

    /// <summary>
    /// What may be raised in place of <see cref="Notify"/>, by an engine that turns doorbells into eventfds; the device
    /// then counts them. Null where it waits for no eventfd. The same as long as the device lives.
    /// </summary>
    EventFd? BellOf(int index);

    /// <summary>Takes a queue back once every chain that was taken from it has been returned.</summary>
    /// <returns>Where the queue is to go on.</returns>
    QueueState StopQueue(int index);

    /// <summary>Returns to the state before <see cref="SetFeatures"/>. All queues are stopped.</summary>
    void Reset();
}
