using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_msr_list without the numbers, which follow it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMsrListHeader
{
    public uint Count;
}
