using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_fpu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmFpu
{
    public X87Registers St;
    public ushort Fcw;
    public ushort Fsw;
    public byte Ftw;
    public byte Padding1;
    public ushort LastOpcode;
    public ulong LastIp;
    public ulong LastDp;
    public XmmRegisters Xmm;
    public uint Mxcsr;
    public uint Padding2;

    [InlineArray(8 * 16)]
    internal struct X87Registers
    {
        private byte _first;
    }

    [InlineArray(16 * 16)]
    internal struct XmmRegisters
    {
        private byte _first;
    }
}
