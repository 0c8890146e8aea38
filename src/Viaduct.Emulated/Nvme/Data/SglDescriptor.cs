using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Data;

/// <summary>An SGL descriptor (NVMe 1.4, 4.4): 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct SglDescriptor(ulong address, ulong control)
{
    /// <summary>Bytes a descriptor takes.</summary>
    internal const int Size = 16;

    private readonly ulong _address = address;
    private readonly ulong _control = control;

    internal ulong Address => _address;

    internal uint Length => (uint)_control;

    /// <summary>SGL identifier: type (7:4) and sub type (3:0); sub type zero, the only one here, is an address.</summary>
    internal SglKind Kind => (SglKind)(_control >> 56);
}
