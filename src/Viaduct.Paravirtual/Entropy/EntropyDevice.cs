using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Entropy;

/// <summary>A virtio entropy device (virtio 1.2, 5.4): random numbers of the host's kernel.</summary>
public sealed class EntropyDevice : IVirtioDevice, IDmaPause
{
    private static readonly ushort[] _queueSizes = [64];

    private readonly EntropyWork _work;

    /// <param name="name">The device's id.</param>
    /// <param name="counters">Where requests are counted.</param>
    public EntropyDevice(string name, DeviceCounters counters)
        : this(name, counters, threads: true)
    {
    }

    /// <param name="name">The device's id.</param>
    /// <param name="counters">Where requests are counted.</param>
    /// <param name="threads">False: the work runs when a test says so.</param>
    internal EntropyDevice(string name, DeviceCounters counters, bool threads)
    {
        Name = name;
        _work = new EntropyWork(counters);
        if (threads)
        {
            _work.Run($"io-{name}", counters);
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceType Type => DeviceType.Entropy;

    /// <inheritdoc/>
    public ulong Features => 0;

    /// <inheritdoc/>
    public ReadOnlySpan<ushort> QueueSizes => _queueSizes;

    /// <inheritdoc/>
    public int ConfigLength => 0;

    /// <summary>The work, for tests that run it by hand.</summary>
    internal EntropyWork Work => _work;

    /// <inheritdoc/>
    public void Attach(IVirtioHost host)
    {
        // Its configuration never changes.
    }

    /// <inheritdoc/>
    public void ReadConfig(Span<byte> config)
    {
        // There is none.
    }

    /// <inheritdoc/>
    public void WriteConfig(int offset, ReadOnlySpan<byte> bytes)
    {
        // There is none.
    }

    /// <inheritdoc/>
    public void SetFeatures(ulong features)
    {
        // It has no features of its own.
    }

    /// <inheritdoc/>
    public void StartQueue(int index, VirtQueue queue) => _work.Start(index, queue);

    /// <inheritdoc/>
    public void Notify(int index) => _work.Wake();

    /// <inheritdoc/>
    public EventFd? BellOf(int index) => _work.Bell;

    /// <inheritdoc/>
    public QueueState StopQueue(int index) => _work.Stop(index);

    /// <inheritdoc/>
    public void Pause() => _work.Pause();

    /// <inheritdoc/>
    public void Resume() => _work.Resume();

    /// <inheritdoc/>
    public void Reset()
    {
        // Nothing is kept between requests.
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();
}
