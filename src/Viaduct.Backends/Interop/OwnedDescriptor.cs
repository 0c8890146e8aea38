using Microsoft.Win32.SafeHandles;

namespace Viaduct.Backends.Interop;

/// <summary>A descriptor of this process, closed with the object.</summary>
internal sealed class OwnedDescriptor : SafeHandleZeroOrMinusOneIsInvalid
{
    internal OwnedDescriptor(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>Its number, valid while this isn't disposed.</summary>
    internal int Number => (int)handle;

    protected override bool ReleaseHandle() => FileCalls.close((int)handle) == 0;
}
