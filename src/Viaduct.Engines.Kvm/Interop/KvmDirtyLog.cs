using System.Runtime.InteropServices;

namespace Viaduct.Engines.Kvm.Interop;

/// <summary>struct kvm_dirty_log.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmDirtyLog
{
    public uint Slot;
    public uint Padding;

    /// <summary>A bit a page of the slot, in words of 64.</summary>
    public ulong Bitmap;
}
