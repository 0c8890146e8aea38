namespace Viaduct.Paravirtual.Transports;

/// <summary>How a transport interrupts the driver. Any thread; must not block.</summary>
internal interface ITransportSignals
{
    /// <summary>A queue has chains for the driver.</summary>
    void Queue(int index);

    /// <summary>The configuration changed, or the device needs a reset.</summary>
    void Config();
}
