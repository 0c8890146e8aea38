using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_irq_routing without its entries, which follow it (<see cref="KvmRoutingEntry"/>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmRoutingHeader
{
    public uint Count;
    public uint Flags;
}
