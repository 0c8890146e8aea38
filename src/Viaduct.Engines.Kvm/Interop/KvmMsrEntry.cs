using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_msr_entry.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMsrEntry
{
    public uint Index;
    public uint Reserved;
    public ulong Value;
}
