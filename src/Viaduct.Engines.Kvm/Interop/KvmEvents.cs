using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_vcpu_events: exceptions and interrupts that are being delivered, NMIs, start-up messages.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmEvents
{
    public uint Exception;
    public uint ExceptionErrorCode;
    public uint Interrupt;
    public uint Nmi;
    public uint StartUpVector;
    public uint Flags;
    public Rest Others;

    [InlineArray(40)]
    internal struct Rest
    {
        private byte _first;
    }
}
