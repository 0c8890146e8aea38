using System.Runtime.CompilerServices;

namespace Viaduct.Assigned.Vfio.Interop;

/// <summary>A UUID's 16 bytes, in the order in which it is written.</summary>
[InlineArray(Length)]
internal struct VfioToken
{
    internal const int Length = 16;

    private byte _first;

    internal static VfioToken Of(Guid value)
    {
        VfioToken token = default;
        _ = value.TryWriteBytes(token, bigEndian: true, out _);
        return token;
    }
}
