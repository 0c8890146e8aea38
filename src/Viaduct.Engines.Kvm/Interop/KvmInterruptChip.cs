using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_irqchip: an 8259A or the I/O APIC.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmInterruptChip
{
    public const uint FirstPic = 0;
    public const uint SecondPic = 1;
    public const uint IoApic = 2;

    public uint Chip;
    public uint Padding;
    public Contents Registers;

    [InlineArray(512)]
    internal struct Contents
    {
        private byte _first;
    }
}
