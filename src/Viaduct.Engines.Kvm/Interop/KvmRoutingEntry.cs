using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_irq_routing_entry: what a global system interrupt is.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct KvmRoutingEntry
{
    /// <summary>KVM_IRQ_ROUTING_IRQCHIP: a pin of a controller in the kernel.</summary>
    public const uint Chip = 1;

    /// <summary>KVM_IRQ_ROUTING_MSI: a message.</summary>
    public const uint Message = 2;

    /// <summary>KVM_IRQCHIP_PIC_MASTER; the slave is the next.</summary>
    public const uint FirstPic = 0;

    /// <summary>KVM_IRQCHIP_IOAPIC.</summary>
    public const uint IoApic = 2;

    [FieldOffset(0)]
    public uint Gsi;

    [FieldOffset(4)]
    public uint Type;

    [FieldOffset(8)]
    public uint Flags;

    [FieldOffset(16)]
    public uint ChipNumber;

    [FieldOffset(20)]
    public uint ChipPin;

    [FieldOffset(16)]
    public uint AddressLow;

    [FieldOffset(20)]
    public uint AddressHigh;

    [FieldOffset(24)]
    public uint Data;
}
