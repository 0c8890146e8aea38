using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_mp_state: whether a processor runs, halts, or waits for a start-up message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmRunState
{
    public uint State;
}
