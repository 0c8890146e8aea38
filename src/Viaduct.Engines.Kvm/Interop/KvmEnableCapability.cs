using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_enable_cap.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmEnableCapability
{
    public uint Capability;
    public uint Flags;
    public Four Arguments;
    public Reserved Padding;

    [InlineArray(4)]
    internal struct Four
    {
        private ulong _first;
    }

    [InlineArray(64)]
    internal struct Reserved
    {
        private byte _first;
    }
}
