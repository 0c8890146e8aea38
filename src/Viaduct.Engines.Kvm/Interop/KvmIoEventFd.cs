using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_ioeventfd: a write of the guest's that raises an eventfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmIoEventFd
{
    /// <summary>Only a write of <see cref="DataMatch"/>.</summary>
    public const uint FlagDataMatch = 1;

    /// <summary>A port rather than memory.</summary>
    public const uint FlagPort = 2;

    /// <summary>No more.</summary>
    public const uint FlagDeassign = 4;

    public ulong DataMatch;
    public ulong Address;

    /// <summary>1, 2, 4 or 8; zero for any.</summary>
    public uint Length;
    public int Descriptor;
    public uint Flags;
    public Reserved Padding;

    [InlineArray(36)]
    internal struct Reserved
    {
        private byte _first;
    }
}
