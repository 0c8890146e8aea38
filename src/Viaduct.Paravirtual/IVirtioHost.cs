namespace Viaduct.Paravirtual;

/// <summary>What a virtio device asks of its host. Any thread; never blocks on the device.</summary>
public interface IVirtioHost
{
    /// <summary>Interrupts the driver because of a queue.</summary>
    void SignalQueue(int index);

    /// <summary>The device's configuration is different from now on: reads it again and tells the driver.</summary>
    void ConfigChanged();

    /// <summary>A queue can't be gone on with: the device needs a reset (virtio 1.2, 2.1.2).</summary>
    /// <param name="index">The queue.</param>
    /// <param name="reason">For the log.</param>
    void Fail(int index, string reason);
}
