using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_clock_data: the clock that guests read by the paravirtual clock.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmClock
{
    public ulong Nanoseconds;
    public uint Flags;
    public uint Padding0;
    public ulong Realtime;
    public ulong HostTsc;
    public Reserved Padding;

    [InlineArray(4)]
    internal struct Reserved
    {
        private uint _first;
    }
}
