using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>
/// A virtio function's interrupts: MSI-X vectors of the driver's choice, or INTA# with the ISR status register, which is
/// cleared by reading (virtio 1.2, 4.1.4.5 and 4.1.5.3 to 4.1.5.4).
/// </summary>
internal sealed class PciSignals : ITransportSignals, IAccessHandler
{
    private const int IsrQueue = 1;
    private const int IsrConfig = 2;

    private readonly Lock _lock = new();
    private readonly PciFunction _function;
    private readonly IInterruptVectors _messages;
    private readonly IInterruptLine _line;
    private readonly ushort[] _queueVectors;
    private ushort _configVector;
    private int _isr;

    internal PciSignals(PciFunction function, IInterruptVectors messages, int queues)
    {
        _function = function;
        _messages = messages;
        _line = function.IntX;
        _queueVectors = new ushort[queues];
        Reset();
    }

    /// <summary>What the driver chose for changes of the configuration.</summary>
    internal ushort ConfigVector
    {
        get => Volatile.Read(ref _configVector);
        set => Volatile.Write(ref _configVector, Existing(value));
    }

    public void Queue(int index) => Send(Volatile.Read(ref _queueVectors[index]), IsrQueue);

    public void Config() => Send(ConfigVector, IsrConfig);

    /// <summary>Reads the ISR status, clears it and releases the line.</summary>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (offset == 0)
        {
            lock (_lock)
            {
                value = (ulong)_isr;
                _isr = 0;
                _line.Set(false);
            }
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value) => AccessStatus.Done;

    internal ushort QueueVector(int index) => Volatile.Read(ref _queueVectors[index]);

    internal void SetQueueVector(int index, ushort vector) => Volatile.Write(ref _queueVectors[index], Existing(vector));

    internal void Reset()
    {
        ConfigVector = CommonRegister.NoVector;
        for (int i = 0; i < _queueVectors.Length; i++)
        {
            SetQueueVector(i, CommonRegister.NoVector);
        }

        lock (_lock)
        {
            _isr = 0;
            _line.Set(false);
        }
    }

    private void Send(ushort vector, int cause)
    {
        if (_function.UsesMessages)
        {
            if (vector != CommonRegister.NoVector)
            {
                _messages.Signal(vector);
            }

            return;
        }

        // One lock for register and line, or a read between the two would lose the interrupt.
        lock (_lock)
        {
            if (_isr == 0)
            {
                _line.Set(true);
            }

            _isr |= cause;
        }
    }

    private ushort Existing(ushort vector) => vector < _messages.Count ? vector : CommonRegister.NoVector;
}
