using Microsoft.Win32.SafeHandles;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm;

/// <summary>One KVM virtual machine.</summary>
internal sealed unsafe class KvmMachine : IDisposable
{
    private readonly KvmSystem _system;
    private readonly SafeFileHandle _file;

    public KvmMachine(KvmSystem system, SafeFileHandle file)
    {
        _system = system;
        _file = file;
    }

    /// <summary>Puts host memory at a guest physical address. The memory must outlive the machine.</summary>
    public void MapMemory(uint slot, ulong guestAddress, HostMemory memory)
    {
        KvmMemoryRegion region = new()
        {
            Slot = slot,
            GuestAddress = guestAddress,
            Size = memory.Length,
            HostAddress = (ulong)memory.Pointer,
        };
        _ = KvmSystem.Check(
            Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_USER_MEMORY_REGION, &region),
            $"KVM_SET_USER_MEMORY_REGION at {guestAddress:X}");
    }

    /// <summary>A processor with all features that KVM can offer here.</summary>
    /// <param name="id">Its number, the APIC ID.</param>
    public KvmCpu CreateCpu(int id)
    {
        int fd = KvmSystem.Check(Libc.ioctl(_file, KvmRequests.KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU");
        return new KvmCpu(new SafeFileHandle(fd, ownsHandle: true), _system);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
