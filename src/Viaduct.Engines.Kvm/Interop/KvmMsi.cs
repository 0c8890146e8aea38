using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_msi.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMsi
{
    public uint AddressLow;
    public uint AddressHigh;
    public uint Data;
    public uint Flags;
    public uint DeviceId;
    public Reserved Padding;

    [InlineArray(12)]
    internal struct Reserved
    {
        private byte _first;
    }
}
