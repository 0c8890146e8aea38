using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>The kinds of source operand.</summary>
internal static unsafe class VectorSources
{
    /// <summary>An XMM register, by number in <see cref="Op.Source"/>.</summary>
    internal readonly struct FromXmm : IVectorSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value)
        {
            value = Xmm.At(s, op->Source);
            return true;
        }
    }

    /// <summary>Sixteen aligned bytes.</summary>
    internal readonly struct Memory128 : IVectorSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value) =>
            Xmm.LoadAligned(cpu, s, op, out value);
    }

    /// <summary>Eight bytes.</summary>
    internal readonly struct Memory64 : IVectorSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value)
        {
            bool done = Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ulong low);
            value = Vector128.CreateScalar(low).AsByte();
            return done;
        }
    }

    /// <summary>Four bytes.</summary>
    internal readonly struct Memory32 : IVectorSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value)
        {
            bool done = Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out uint low);
            value = Vector128.CreateScalar(low).AsByte();
            return done;
        }
    }
}
