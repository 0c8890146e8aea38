using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_cpuid_entry2: the answer to one leaf, or to one subleaf.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmCpuidEntry
{
    /// <summary>In <see cref="Flags"/>: <see cref="Index"/> counts.</summary>
    public const uint SignificantIndex = 1;

    public uint Function;
    public uint Index;
    public uint Flags;
    public uint Eax;
    public uint Ebx;
    public uint Ecx;
    public uint Edx;
    public uint Padding0;
    public uint Padding1;
    public uint Padding2;
}
