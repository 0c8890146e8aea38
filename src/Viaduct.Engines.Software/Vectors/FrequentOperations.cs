using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.FloatingPoint;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>The operations of string and memory functions.</summary>
internal static class FrequentOperations
{
    internal readonly struct PXor : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PXor(a, b);
    }

    internal readonly struct POr : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.POr(a, b);
    }

    internal readonly struct PAnd : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PAnd(a, b);
    }

    internal readonly struct PAndN : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PAndN(a, b);
    }

    internal readonly struct PCmpEqB : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PCmpEqB(a, b);
    }

    internal readonly struct PCmpEqD : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PCmpEqD(a, b);
    }

    internal readonly struct PMinUB : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PMinUB(a, b);
    }

    internal readonly struct PSubB : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PSubB(a, b);
    }

    internal readonly struct PAddD : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PAddD(a, b);
    }

    internal readonly struct PAddQ : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PAddQ(a, b);
    }

    internal readonly struct PSubD : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseInteger.PSubD(a, b);
    }

    internal readonly struct PUnpckLBW : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseShuffle.PUnpckLBW(a, b);
    }

    internal readonly struct PUnpckLWD : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseShuffle.PUnpckLWD(a, b);
    }

    internal readonly struct PUnpckLDQ : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseShuffle.PUnpckLDQ(a, b);
    }

    internal readonly struct PUnpckLQDQ : IVectorBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b) => SseShuffle.PUnpckLQDQ(a, b);
    }
}
