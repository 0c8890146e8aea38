namespace Viaduct.Engines.Kvm.Interop;

/// <summary>The KVM_CAP_* of linux/kvm.h that are asked for.</summary>
internal enum KvmCapability : uint
{
    IrqChip = 0,
    UserMemory = 3,
    SetTssAddress = 4,
    IrqRouting = 25,
    IrqFd = 32,
    IoEventFd = 36,
    MaxProcessors = 66,
    SetIdentityMapAddress = 37,
    GetTscKhz = 61,
    TscDeadlineTimer = 72,
    SignalMsi = 77,
    ReadOnlyMemory = 81,
    SplitIrqChip = 121,
    DoorbellsOfAnyLength = 122,
    ImmediateExit = 136,
    ExtendedState2 = 208,
}
