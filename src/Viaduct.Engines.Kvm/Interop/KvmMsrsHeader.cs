using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_msrs without its entries, which follow it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMsrsHeader
{
    public uint Count;
    public uint Padding;
}
