using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Kvm.Events;

/// <summary>Interrupts that eventfds raise in the kernel (KVM_IRQFD).</summary>
/// <param name="machine">KVM's machine.</param>
/// <param name="routes">What its interrupts are.</param>
internal sealed class KvmInterruptEvents(KvmMachine machine, RoutingTable routes) : IInterruptEvents
{
    /// <inheritdoc/>
    public IMessageEvent? AddMessage(EventFd signal) =>
        routes.TryAllocate(out int gsi) ? new MessageEvent(machine, routes, gsi, signal) : null;

    /// <inheritdoc/>
    public IPinEvent? AddPin(int globalSystemInterrupt, EventFd signal, EventFd resample) =>
        PinEvent.TryCreate(machine, globalSystemInterrupt, signal, resample);
}
