using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_lapic_state: the registers of a local APIC, as its page has them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmLocalApic
{
    public Page Registers;

    [InlineArray(1024)]
    internal struct Page
    {
        private byte _first;
    }
}
