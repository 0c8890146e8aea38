using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Kvm.Events;

/// <summary>
/// An irqfd whose interrupt is a message. While it is disconnected KVM doesn't look at the eventfd; when it does again, it
/// finds what was raised meanwhile.
/// </summary>
internal sealed unsafe class MessageEvent : IMessageEvent
{
    private readonly KvmMachine _machine;
    private readonly RoutingTable _routes;
    private readonly int _gsi;
    private bool _assigned;
    private bool _disposed;

    /// <param name="machine">KVM's machine.</param>
    /// <param name="routes">What interrupts are.</param>
    /// <param name="gsi">Its number there, given back with it.</param>
    /// <param name="signal">What raises it.</param>
    public MessageEvent(KvmMachine machine, RoutingTable routes, int gsi, EventFd signal)
    {
        _machine = machine;
        _routes = routes;
        _gsi = gsi;
        Signal = signal;
    }

    /// <inheritdoc/>
    public EventFd Signal { get; }

    /// <inheritdoc/>
    /// <remarks>What isn't addressed to an interrupt controller interrupts nobody (Intel SDM vol. 3A 11.11).</remarks>
    public void Connect(ushort requesterId, ulong address, uint data)
    {
        if ((address >> 20) != 0xFEE)
        {
            Disconnect();
            return;
        }

        _routes.Set(_gsi, address, data);
        if (!_assigned)
        {
            _ = KvmSystem.Check(Assign(0), "KVM_IRQFD");
            _assigned = true;
        }
    }

    /// <inheritdoc/>
    public void Disconnect()
    {
        if (_assigned)
        {
            _assigned = false;
            _ = Assign(KvmIrqFd.FlagDeassign);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Disconnect();
            _routes.Free(_gsi);
        }
    }

    private int Assign(uint flags)
    {
        KvmIrqFd request = new() { Descriptor = Signal.Descriptor, Gsi = (uint)_gsi, Flags = flags };
        return Libc.ioctl_pointer(_machine.File, KvmRequests.KVM_IRQFD, &request);
    }
}
