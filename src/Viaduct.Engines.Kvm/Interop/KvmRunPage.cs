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

    /// <summary>What is written, or where what was read goes.</summary>
    [FieldOffset(40)]
    public ulong MmioData;

    /// <summary>Bytes, up to 8.</summary>
    [FieldOffset(48)]
    public uint MmioLength;

    [FieldOffset(52)]
    public byte MmioIsWrite;

    /// <summary>KVM_EXIT_INTERNAL_ERROR.</summary>
    [FieldOffset(32)]
    public uint InternalSuberror;

    /// <summary>How many words follow: with KVM_INTERNAL_ERROR_EMULATION flags, then the instruction.</summary>
    [FieldOffset(36)]
    public uint InternalDataCount;

    [FieldOffset(40)]
    public ulong EmulationFlags;

    [FieldOffset(48)]
    public byte InstructionLength;

    [FieldOffset(49)]
    public byte InstructionBytes;

    /// <summary>KVM_EXIT_FAIL_ENTRY.</summary>
    [FieldOffset(32)]
    public ulong HardwareEntryFailureReason;

    /// <summary>KVM_EXIT_SYSTEM_EVENT.</summary>
    [FieldOffset(32)]
    public uint SystemEventType;

    /// <summary>KVM_EXIT_IOAPIC_EOI.</summary>
    [FieldOffset(32)]
    public byte EoiVector;
}
