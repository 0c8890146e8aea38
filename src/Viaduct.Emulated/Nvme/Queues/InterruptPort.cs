using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>How the controller interrupts: messages (MSI-X), or the pin while the host hasn't enabled those.</summary>
internal sealed class InterruptPort
{
    private readonly IInterruptVectors _vectors;
    private readonly IInterruptLine? _pin;
    private readonly Func<bool> _messagesEnabled;
    private bool _asserted;

    /// <param name="vectors">The messages.</param>
    /// <param name="pin">The pin, where there is one.</param>
    /// <param name="messagesEnabled">Whether the host has enabled messages.</param>
    internal InterruptPort(IInterruptVectors vectors, IInterruptLine? pin, Func<bool> messagesEnabled)
    {
        _vectors = vectors;
        _pin = pin;
        _messagesEnabled = messagesEnabled;
    }

    /// <summary>Vectors that a completion queue can name.</summary>
    internal int Count => Math.Min(_vectors.Count, Limit);

    /// <summary>Vectors that the controller has as resources (NVMe 1.4, 8.5). Worker.</summary>
    internal int Limit { get; set; } = int.MaxValue;

    /// <summary>Whether interrupts are a level that stands as long as there are unconsumed entries.</summary>
    internal bool UsesPin => _pin is not null && !_messagesEnabled();

    internal void Signal(int vector) => _vectors.Signal(vector);

    /// <summary>Drives the pin. Worker.</summary>
    internal void SetPin(bool asserted)
    {
        if (_pin is not null && asserted != _asserted)
        {
            _asserted = asserted;
            _pin.Set(asserted);
        }
    }
}
