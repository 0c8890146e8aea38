using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>An engine's interrupts by eventfd, for as many messages as it has room for.</summary>
internal sealed class FakeEvents(int room = int.MaxValue) : IInterruptEvents
{
    internal List<Message> Messages { get; } = [];

    internal List<Pin> Pins { get; } = [];

    public IMessageEvent? AddMessage(EventFd signal)
    {
        if (Messages.Count == room)
        {
            return null;
        }

        Messages.Add(new Message(signal));
        return Messages[^1];
    }

    public IPinEvent AddPin(int globalSystemInterrupt, EventFd signal, EventFd resample)
    {
        Pins.Add(new Pin(globalSystemInterrupt, signal, resample));
        return Pins[^1];
    }

    internal sealed class Message(EventFd signal) : IMessageEvent
    {
        public EventFd Signal { get; } = signal;

        internal (ulong Address, uint Data)? Connected { get; private set; }

        internal bool IsDisposed { get; private set; }

        public void Connect(ushort requesterId, ulong address, uint data) => Connected = (address, data);

        public void Disconnect() => Connected = null;

        public void Dispose() => IsDisposed = true;
    }

    internal sealed class Pin(int globalSystemInterrupt, EventFd signal, EventFd resample) : IPinEvent
    {
        internal int GlobalSystemInterrupt { get; } = globalSystemInterrupt;

        internal EventFd Signal { get; } = signal;

        internal EventFd Resample { get; } = resample;

        internal bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
