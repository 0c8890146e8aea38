using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>16 bits.</summary>
internal readonly unsafe struct W16 : IWidth
{
    public static int Bytes => 2;

    public static int Bits => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(byte* from) => Unsafe.ReadUnaligned<ushort>(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRegister(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (ushort)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (ushort)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong value) => (ushort)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend(ulong value) => (ulong)(long)(short)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Load(SoftwareCpu cpu, CpuState* s, ulong address, out ulong value)
    {
        bool done = Guest.Load(cpu, s, address, out ushort narrow);
        value = narrow;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store(SoftwareCpu cpu, CpuState* s, ulong address, ulong value) =>
        Guest.Store(cpu, s, address, (ushort)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryExchange(byte* at, ulong expected, ulong value) =>
        Interlocked.CompareExchange(ref *(ushort*)at, (ushort)value, (ushort)expected) == (ushort)expected;
}
