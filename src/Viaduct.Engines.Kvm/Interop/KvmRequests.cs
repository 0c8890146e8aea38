namespace Viaduct.Engines.Kvm.Interop;

/// <summary>The requests of linux/kvm.h that are used, by their names there.</summary>
internal static class KvmRequests
{
    private const uint Type = 0xAE;

    public static readonly uint KVM_GET_API_VERSION = Ioctl.None(Type, 0x00);
    public static readonly uint KVM_CREATE_VM = Ioctl.None(Type, 0x01);
    public static readonly uint KVM_GET_MSR_INDEX_LIST = Ioctl.InOut<KvmMsrListHeader>(Type, 0x02);
    public static readonly uint KVM_CHECK_EXTENSION = Ioctl.None(Type, 0x03);
    public static readonly uint KVM_GET_VCPU_MMAP_SIZE = Ioctl.None(Type, 0x04);
    public static readonly uint KVM_GET_SUPPORTED_CPUID = Ioctl.InOut<KvmCpuidHeader>(Type, 0x05);
    public static readonly uint KVM_CREATE_VCPU = Ioctl.None(Type, 0x41);
    public static readonly uint KVM_GET_DIRTY_LOG = Ioctl.In<KvmDirtyLog>(Type, 0x42);
    public static readonly uint KVM_SET_USER_MEMORY_REGION = Ioctl.In<KvmMemoryRegion>(Type, 0x46);
    public static readonly uint KVM_SET_TSS_ADDR = Ioctl.None(Type, 0x47);
    public static readonly uint KVM_SET_IDENTITY_MAP_ADDR = Ioctl.In<ulong>(Type, 0x48);
    public static readonly uint KVM_CREATE_IRQCHIP = Ioctl.None(Type, 0x60);
    public static readonly uint KVM_IRQ_LINE = Ioctl.In<KvmIrqLevel>(Type, 0x61);
    public static readonly uint KVM_GET_IRQCHIP = Ioctl.InOut<KvmInterruptChip>(Type, 0x62);
    public static readonly uint KVM_SET_IRQCHIP = Ioctl.Out<KvmInterruptChip>(Type, 0x63);
    public static readonly uint KVM_SET_GSI_ROUTING = Ioctl.In<KvmRoutingHeader>(Type, 0x6A);
    public static readonly uint KVM_IRQFD = Ioctl.In<KvmIrqFd>(Type, 0x76);
    public static readonly uint KVM_IOEVENTFD = Ioctl.In<KvmIoEventFd>(Type, 0x79);
    public static readonly uint KVM_SET_CLOCK = Ioctl.In<KvmClock>(Type, 0x7B);
    public static readonly uint KVM_GET_CLOCK = Ioctl.Out<KvmClock>(Type, 0x7C);
    public static readonly uint KVM_RUN = Ioctl.None(Type, 0x80);
    public static readonly uint KVM_GET_REGS = Ioctl.Out<KvmRegisters>(Type, 0x81);
    public static readonly uint KVM_SET_REGS = Ioctl.In<KvmRegisters>(Type, 0x82);
    public static readonly uint KVM_GET_SREGS = Ioctl.Out<KvmSystemRegisters>(Type, 0x83);
    public static readonly uint KVM_SET_SREGS = Ioctl.In<KvmSystemRegisters>(Type, 0x84);
    public static readonly uint KVM_GET_MSRS = Ioctl.InOut<KvmMsrsHeader>(Type, 0x88);
    public static readonly uint KVM_SET_MSRS = Ioctl.In<KvmMsrsHeader>(Type, 0x89);
    public static readonly uint KVM_GET_FPU = Ioctl.Out<KvmFpu>(Type, 0x8C);
    public static readonly uint KVM_SET_FPU = Ioctl.In<KvmFpu>(Type, 0x8D);
    public static readonly uint KVM_GET_LAPIC = Ioctl.Out<KvmLocalApic>(Type, 0x8E);
    public static readonly uint KVM_SET_LAPIC = Ioctl.In<KvmLocalApic>(Type, 0x8F);
    public static readonly uint KVM_SET_CPUID2 = Ioctl.In<KvmCpuidHeader>(Type, 0x90);
    public static readonly uint KVM_GET_MP_STATE = Ioctl.Out<KvmRunState>(Type, 0x98);
    public static readonly uint KVM_SET_MP_STATE = Ioctl.In<KvmRunState>(Type, 0x99);
    public static readonly uint KVM_GET_VCPU_EVENTS = Ioctl.Out<KvmEvents>(Type, 0x9F);
    public static readonly uint KVM_SET_VCPU_EVENTS = Ioctl.In<KvmEvents>(Type, 0xA0);
    public static readonly uint KVM_GET_DEBUGREGS = Ioctl.Out<KvmDebugRegisters>(Type, 0xA1);
    public static readonly uint KVM_SET_DEBUGREGS = Ioctl.In<KvmDebugRegisters>(Type, 0xA2);
    public static readonly uint KVM_ENABLE_CAP = Ioctl.In<KvmEnableCapability>(Type, 0xA3);
    public static readonly uint KVM_GET_TSC_KHZ = Ioctl.None(Type, 0xA3);
    public static readonly uint KVM_GET_XSAVE = Ioctl.Out<KvmExtendedState>(Type, 0xA4);
    public static readonly uint KVM_SET_XSAVE = Ioctl.In<KvmExtendedState>(Type, 0xA5);
    public static readonly uint KVM_SIGNAL_MSI = Ioctl.In<KvmMsi>(Type, 0xA5);
    public static readonly uint KVM_GET_XCRS = Ioctl.Out<KvmExtendedControls>(Type, 0xA6);
    public static readonly uint KVM_SET_XCRS = Ioctl.In<KvmExtendedControls>(Type, 0xA7);
    public static readonly uint KVM_GET_XSAVE2 = Ioctl.Out<KvmExtendedState>(Type, 0xCF);
}
