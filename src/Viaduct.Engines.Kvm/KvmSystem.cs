using Microsoft.Win32.SafeHandles;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm;

/// <summary>The open /dev/kvm.</summary>
internal sealed unsafe class KvmSystem : IDisposable
{
    /// <summary>The only version there has been since 2007; others are refused, as the kernel's documentation asks.</summary>
    private const int ApiVersion = 12;

    private const int MaxCpuidEntries = 256;
    private const int MaxMsrs = 1024;
    private readonly SafeFileHandle _file;

    /// <exception cref="HostException">The device is absent, not for this user, or not KVM as we know it.</exception>
    public KvmSystem(string path = "/dev/kvm")
    {
        int fd = Libc.open(path, Libc.O_RDWR | Libc.O_CLOEXEC);
        if (fd < 0)
        {
            throw HostException.Last($"open {path}");
        }

        _file = new SafeFileHandle(fd, ownsHandle: true);
        int version = Libc.ioctl(_file, KvmRequests.KVM_GET_API_VERSION, 0);
        if (version != ApiVersion)
        {
            HostException error = version < 0
                ? HostException.Last("KVM_GET_API_VERSION")
                : new HostException($"KVM's API version is {version}, not {ApiVersion}", 0);
            _file.Dispose();
            throw error;
        }

        RunPageLength = (nuint)Check(Libc.ioctl(_file, KvmRequests.KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
        Cpuid = ReadCpuid();
    }

    /// <summary>Bytes of a processor's shared page.</summary>
    public nuint RunPageLength { get; }

    /// <summary>struct kvm_cpuid2 with all that KVM can offer a guest here.</summary>
    public byte[] Cpuid { get; }

    /// <summary>The numbers of the MSRs that are a processor's state here.</summary>
    public uint[] ReadMsrNumbers()
    {
        uint[] list = new uint[1 + MaxMsrs];
        list[0] = MaxMsrs;
        fixed (uint* pointer = list)
        {
            _ = Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_MSR_INDEX_LIST, pointer), "KVM_GET_MSR_INDEX_LIST");
        }

        return list[1..(1 + (int)list[0])];
    }

    /// <summary>What KVM says of a capability: zero where it hasn't got it, else what the capability's description says.</summary>
    public int Capability(KvmCapability capability) =>
        Check(Libc.ioctl(_file, KvmRequests.KVM_CHECK_EXTENSION, (nint)capability), $"KVM_CHECK_EXTENSION of {capability}");

    /// <summary>A virtual machine without memory and processors.</summary>
    public KvmMachine CreateMachine()
    {
        int fd = Check(Libc.ioctl(_file, KvmRequests.KVM_CREATE_VM, 0), "KVM_CREATE_VM");
        return new KvmMachine(this, new SafeFileHandle(fd, ownsHandle: true));
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Throws for a call that gave −1.</summary>
    internal static int Check(int result, string operation) => result >= 0 ? result : throw HostException.Last(operation);

    private byte[] ReadCpuid()
    {
        byte[] cpuid = new byte[sizeof(KvmCpuidHeader) + (MaxCpuidEntries * KvmCpuidHeader.EntrySize)];
        fixed (byte* pointer = cpuid)
        {
            ((KvmCpuidHeader*)pointer)->Count = MaxCpuidEntries;
            _ = Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_SUPPORTED_CPUID, pointer), "KVM_GET_SUPPORTED_CPUID");
        }

        return cpuid;
    }
}
