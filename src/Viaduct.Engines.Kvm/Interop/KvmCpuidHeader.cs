using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_cpuid2 without its entries, which follow it, 40 bytes each.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmCpuidHeader
{
    public const int EntrySize = 40;

    public uint Count;
    public uint Padding;
}
