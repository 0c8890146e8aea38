using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_xcrs: XCR0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmExtendedControls
{
    public uint Count;
    public uint Flags;
    public Entries Controls;
    public Reserved Padding;

    [InlineArray(32)]
    internal struct Entries
    {
        private ulong _first;
    }

    [InlineArray(16)]
    internal struct Reserved
    {
        private ulong _first;
    }
}
