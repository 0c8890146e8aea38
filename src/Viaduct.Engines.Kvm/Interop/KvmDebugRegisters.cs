using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_debugregs.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmDebugRegisters
{
    public Addresses Db;
    public ulong Dr6;
    public ulong Dr7;
    public ulong Flags;
    public Reserved Padding;

    [InlineArray(4)]
    internal struct Addresses
    {
        private ulong _first;
    }

    [InlineArray(9)]
    internal struct Reserved
    {
        private ulong _first;
    }
}
