using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Tests on all elements at once that decide whether the host's arithmetic serves.</summary>
internal static class PlainLanes
{
    /// <summary>Every element is zero or a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlain32(Vector128<byte> value)
    {
        var magnitude = value.AsUInt32() & Vector128.Create(0x7FFF_FFFFu);
        var normal = Vector128.LessThan(magnitude - Vector128.Create(0x0080_0000u), Vector128.Create(0x7F00_0000u));
        return (normal | Vector128.Equals(magnitude, Vector128<uint>.Zero)) == Vector128<uint>.AllBitsSet;
    }

    /// <summary>Every element is zero or a normal number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlain64(Vector128<byte> value)
    {
        var magnitude = value.AsUInt64() & Vector128.Create(0x7FFF_FFFF_FFFF_FFFFUL);
        var normal = Vector128.LessThan(
            magnitude - Vector128.Create(0x0010_0000_0000_0000UL), Vector128.Create(0x7FE0_0000_0000_0000UL));
        return (normal | Vector128.Equals(magnitude, Vector128<ulong>.Zero)) == Vector128<ulong>.AllBitsSet;
    }

    /// <summary>Every element is a normal number above the smallest binade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreSafe32(Vector128<byte> value)
    {
        var magnitude = value.AsUInt32() & Vector128.Create(0x7FFF_FFFFu);
        return Vector128.LessThanAll(magnitude - Vector128.Create(0x0100_0000u), Vector128.Create(0x7E80_0000u));
    }

    /// <summary>Every element is a normal number above the smallest binade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreSafe64(Vector128<byte> value)
    {
        var magnitude = value.AsUInt64() & Vector128.Create(0x7FFF_FFFF_FFFF_FFFFUL);
        return Vector128.LessThanAll(
            magnitude - Vector128.Create(0x0020_0000_0000_0000UL), Vector128.Create(0x7FD0_0000_0000_0000UL));
    }
}
