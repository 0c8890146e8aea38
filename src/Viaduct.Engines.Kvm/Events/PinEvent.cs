using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Kvm.Events;

/// <summary>An irqfd at an input of the I/O APIC, with the eventfd that the end of the interrupt raises.</summary>
internal sealed unsafe class PinEvent : IPinEvent
{
    private readonly KvmMachine _machine;
    private readonly int _gsi;
    private readonly EventFd _signal;
    private bool _assigned;

    private PinEvent(KvmMachine machine, int gsi, EventFd signal)
    {
        _machine = machine;
        _gsi = gsi;
        _signal = signal;
    }

    /// <summary>Makes one; null where KVM can't, which it can only with the I/O APIC in the kernel.</summary>
    public static PinEvent? TryCreate(KvmMachine machine, int gsi, EventFd signal, EventFd resample)
    {
        PinEvent pin = new(machine, gsi, signal);
        KvmIrqFd request = new()
        {
            Descriptor = signal.Descriptor,
            Gsi = (uint)gsi,
            Flags = KvmIrqFd.FlagResample,
            ResampleDescriptor = resample.Descriptor,
        };
        pin._assigned = Libc.ioctl_pointer(machine.File, KvmRequests.KVM_IRQFD, &request) >= 0;
        return pin._assigned ? pin : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_assigned)
        {
            _assigned = false;
            KvmIrqFd request = new() { Descriptor = _signal.Descriptor, Gsi = (uint)_gsi, Flags = KvmIrqFd.FlagDeassign };
            _ = Libc.ioctl_pointer(_machine.File, KvmRequests.KVM_IRQFD, &request);
        }
    }
}
