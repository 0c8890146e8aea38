using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>The start of struct kvm_run, with the exits that are looked at.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct KvmRunPage
{
    [FieldOffset(1)]
    public byte ImmediateExit;

    [FieldOffset(8)]
    public KvmExitReason ExitReason;

    /// <summary>KVM_EXIT_IO: 1 for OUT.</summary>
    [FieldOffset(32)]
    public byte IoDirection;

    [FieldOffset(33)]
    public byte IoSize;

    [FieldOffset(34)]
    public ushort IoPort;

    [FieldOffset(36)]
    public uint IoCount;

    /// <summary>Where the data is, from the start of the page.</summary>
    [FieldOffset(40)]
    public ulong IoDataOffset;

    /// <summary>KVM_EXIT_MMIO.</summary>
    [FieldOffset(32)]
    public ulong MmioAddress;

    /// <summary>KVM_EXIT_INTERNAL_ERROR.</summary>
    [FieldOffset(32)]
    public uint InternalSuberror;

    /// <summary>KVM_EXIT_FAIL_ENTRY.</summary>
    [FieldOffset(32)]
    public ulong HardwareEntryFailureReason;
}
