using Microsoft.Win32.SafeHandles;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm;

/// <summary>One KVM virtual machine.</summary>
internal sealed unsafe class KvmMachine : IDisposable
{
    // Four pages that processors without unrestricted guests need for real mode, where the board has nothing.
    private const ulong IdentityMapAddress = 0xFEFF_C000;
    private const uint TssAddress = 0xFEFF_D000;

    private readonly KvmSystem _system;
    private readonly SafeFileHandle _file;

    public KvmMachine(KvmSystem system, SafeFileHandle file)
    {
        _system = system;
        _file = file;
    }

    /// <summary>The virtual machine's descriptor, for what is registered with it.</summary>
    public SafeFileHandle File => _file;

    /// <summary>Puts host memory at a guest physical address. The memory must outlive the machine.</summary>
    public void MapMemory(uint slot, ulong guestAddress, HostMemory memory) =>
        Check(SetMemory(slot, guestAddress, memory.Pointer, memory.Length, 0), $"KVM_SET_USER_MEMORY_REGION at {guestAddress:X}");

    /// <summary>Makes a memory slot, gives one other flags, or with a size of zero takes one away.</summary>
    /// <returns>Negative where KVM refuses, the reason in errno.</returns>
    public int SetMemory(uint slot, ulong guestAddress, byte* host, ulong size, uint flags)
    {
        KvmMemoryRegion region = new()
        {
            Slot = slot,
            Flags = flags,
            GuestAddress = guestAddress,
            Size = size,
            HostAddress = (ulong)host,
        };
        return Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_USER_MEMORY_REGION, &region);
    }

    /// <summary>Takes the marks of the pages of a slot that were written since this was last asked.</summary>
    /// <param name="slot">A slot that logs.</param>
    /// <param name="bitmap">A bit a page, in words of 64; as many as the slot has.</param>
    public void TakeDirtyLog(uint slot, Span<ulong> bitmap)
    {
        fixed (ulong* words = bitmap)
        {
            KvmDirtyLog log = new() { Slot = slot, Bitmap = (ulong)words };
            Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_DIRTY_LOG, &log), $"KVM_GET_DIRTY_LOG of slot {slot}");
        }
    }

    /// <summary>Gives the machine interrupt controllers in the kernel; before its processors.</summary>
    /// <param name="split">Local APICs only; the I/O APIC is somebody else's.</param>
    /// <param name="inputs">How many inputs that has.</param>
    public void CreateInterruptControllers(bool split, int inputs)
    {
        ulong identityMap = IdentityMapAddress;
        Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_IDENTITY_MAP_ADDR, &identityMap), "KVM_SET_IDENTITY_MAP_ADDR");
        Check(Libc.ioctl(_file, KvmRequests.KVM_SET_TSS_ADDR, unchecked((nint)TssAddress)), "KVM_SET_TSS_ADDR");
        if (split)
        {
            Enable(KvmCapability.SplitIrqChip, (ulong)inputs);
        }
        else
        {
            Check(Libc.ioctl(_file, KvmRequests.KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
        }
    }

    /// <summary>Turns a capability on that is off at first.</summary>
    public void Enable(KvmCapability capability, ulong argument)
    {
        KvmEnableCapability enable = new() { Capability = (uint)capability };
        enable.Arguments[0] = argument;
        Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_ENABLE_CAP, &enable), $"KVM_ENABLE_CAP of {capability}");
    }

    /// <summary>Sets an input of the interrupt controllers. Any thread.</summary>
    public void SetLine(int input, bool asserted)
    {
        KvmIrqLevel level = new() { Irq = (uint)input, Level = asserted ? 1u : 0 };
        Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_IRQ_LINE, &level), "KVM_IRQ_LINE");
    }

    /// <summary>Delivers a message-signalled interrupt. Any thread. A message that no processor takes is lost, as on a bus.</summary>
    public void SignalMessage(ulong address, uint data)
    {
        KvmMsi message = new() { AddressLow = (uint)address, AddressHigh = (uint)(address >> 32), Data = data };
        _ = Libc.ioctl_pointer(_file, KvmRequests.KVM_SIGNAL_MSI, &message);
    }

    /// <summary>What the paravirtual clock says, in nanoseconds.</summary>
    public ulong Clock
    {
        get
        {
            KvmClock clock;
            Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_CLOCK, &clock), "KVM_GET_CLOCK");
            return clock.Nanoseconds;
        }

        set
        {
            KvmClock clock = new() { Nanoseconds = value };
            Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_CLOCK, &clock), "KVM_SET_CLOCK");
        }
    }

    /// <summary>Reads an interrupt controller's state.</summary>
    public KvmInterruptChip GetInterruptChip(uint chip)
    {
        KvmInterruptChip state = new() { Chip = chip };
        Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_IRQCHIP, &state), "KVM_GET_IRQCHIP");
        return state;
    }

    /// <summary>Sets an interrupt controller's state.</summary>
    public void SetInterruptChip(KvmInterruptChip state) =>
        Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_IRQCHIP, &state), "KVM_SET_IRQCHIP");

    /// <summary>A processor, which as yet has no CPUID.</summary>
    /// <param name="id">Its number, the APIC ID.</param>
    public KvmCpu CreateCpu(int id)
    {
        int fd = Libc.ioctl(_file, KvmRequests.KVM_CREATE_VCPU, id);
        Check(fd, "KVM_CREATE_VCPU");
        return new KvmCpu(new SafeFileHandle(fd, ownsHandle: true), _system.RunPageLength, _system.Capability(KvmCapability.ExtendedState2));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Check(int result, string operation)
    {
        if (result < 0)
        {
            throw HostException.Last(operation);
        }
    }
}
