using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>The kinds of source operand.</summary>
internal static unsafe class MmxSources
{
    /// <summary>An MMX register, by number in <see cref="Op.Source"/>.</summary>
    internal readonly struct FromMmx : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        {
            value = s->X87.ReadMmx(op->Source);
            return true;
        }
    }

    /// <summary>A general register's low half.</summary>
    internal readonly struct General32 : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        {
            value = *(uint*)((byte*)s + op->Source);
            return true;
        }
    }

    /// <summary>A general register.</summary>
    internal readonly struct General64 : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        {
            value = *(ulong*)((byte*)s + op->Source);
            return true;
        }
    }

    /// <summary>Eight bytes.</summary>
    internal readonly struct Memory64 : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value) =>
            Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out value);
    }

    /// <summary>Four bytes.</summary>
    internal readonly struct Memory32 : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        {
            bool done = Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out uint low);
            value = low;
            return done;
        }
    }

    /// <summary>Two bytes.</summary>
    internal readonly struct Memory16 : IMmxSource
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        {
            bool done = Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ushort low);
            value = low;
            return done;
        }
    }
}
