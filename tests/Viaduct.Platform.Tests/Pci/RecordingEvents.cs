using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>Keeps what eventfds were connected to.</summary>
public sealed class RecordingEvents : IInterruptEvents
{
    public List<Pin> Pins { get; } = [];

    public IMessageEvent AddMessage(EventFd signal) => new Message(signal);

    public IPinEvent AddPin(int globalSystemInterrupt, EventFd signal, EventFd resample)
    {
        Pin pin = new(globalSystemInterrupt);
        Pins.Add(pin);
        return pin;
    }

    public sealed class Message(EventFd signal) : IMessageEvent
    {
        public EventFd Signal { get; } = signal;

        public (ushort RequesterId, ulong Address, uint Data)? Connected { get; private set; }

        public int Changes { get; private set; }

        public void Connect(ushort requesterId, ulong address, uint data)
        {
            Changes++;
            Connected = (requesterId, address, data);
        }

        public void Disconnect()
        {
            Changes++;
            Connected = null;
        }

        public void Dispose() => Disconnect();
    }

    public sealed class Pin(int globalSystemInterrupt) : IPinEvent
    {
        public int GlobalSystemInterrupt { get; } = globalSystemInterrupt;

        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
