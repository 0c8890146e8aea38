using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_xsave: an image as XSAVE makes it, its first 4096 bytes. Processors with more state have more, as KVM_CAP_XSAVE2 says.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmExtendedState
{
    public Image Bytes;

    [InlineArray(4096)]
    internal struct Image
    {
        private byte _first;
    }
}
