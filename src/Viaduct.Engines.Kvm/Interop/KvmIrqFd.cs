using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_irqfd: an eventfd that raises an interrupt.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIrqFd
{
    /// <summary>No more.</summary>
    public const uint FlagDeassign = 1;

    /// <summary>Level-triggered: released, and <see cref="ResampleDescriptor"/> raised, at the end of the interrupt.</summary>
    public const uint FlagResample = 2;

    public int Descriptor;
    public uint Gsi;
    public uint Flags;
    public int ResampleDescriptor;
    public Reserved Padding;

    [InlineArray(16)]
    internal struct Reserved
    {
        private byte _first;
    }
}
