namespace Viaduct.Engines.Kvm.Interop;

/// <summary>The requests of linux/kvm.h that are used, by their names there.</summary>
internal static class KvmRequests
{
    private const uint Type = 0xAE;

    public static readonly uint KVM_GET_API_VERSION = Ioctl.None(Type, 0x00);
    public static readonly uint KVM_CREATE_VM = Ioctl.None(Type, 0x01);
    public static readonly uint KVM_CHECK_EXTENSION = Ioctl.None(Type, 0x03);
    public static readonly uint KVM_GET_VCPU_MMAP_SIZE = Ioctl.None(Type, 0x04);
    public static readonly uint KVM_GET_SUPPORTED_CPUID = Ioctl.InOut<KvmCpuidHeader>(Type, 0x05);
    public static readonly uint KVM_CREATE_VCPU = Ioctl.None(Type, 0x41);
    public static readonly uint KVM_SET_USER_MEMORY_REGION = Ioctl.In<KvmMemoryRegion>(Type, 0x46);
    public static readonly uint KVM_RUN = Ioctl.None(Type, 0x80);
    public static readonly uint KVM_GET_REGS = Ioctl.Out<KvmRegisters>(Type, 0x81);
    public static readonly uint KVM_SET_REGS = Ioctl.In<KvmRegisters>(Type, 0x82);
    public static readonly uint KVM_GET_SREGS = Ioctl.Out<KvmSystemRegisters>(Type, 0x83);
    public static readonly uint KVM_SET_SREGS = Ioctl.In<KvmSystemRegisters>(Type, 0x84);
    public static readonly uint KVM_GET_FPU = Ioctl.Out<KvmFpu>(Type, 0x8C);
    public static readonly uint KVM_SET_FPU = Ioctl.In<KvmFpu>(Type, 0x8D);
    public static readonly uint KVM_SET_CPUID2 = Ioctl.In<KvmCpuidHeader>(Type, 0x90);
}
