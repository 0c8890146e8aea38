using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>64 bits.</summary>
internal readonly unsafe struct W64 : IWidth
{
    public static int Bytes => 8;

    public static int Bits => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(byte* from) => Unsafe.ReadUnaligned<ulong>(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRegister(byte* to, ulong value) => *(ulong*)to = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (ulong)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend(ulong value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Load(SoftwareCpu cpu, CpuState* s, ulong address, out ulong value)
    {
        bool done = Guest.Load(cpu, s, address, out ulong narrow);
        value = narrow;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store(SoftwareCpu cpu, CpuState* s, ulong address, ulong value) =>
        Guest.Store(cpu, s, address, (ulong)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryExchange(byte* at, ulong expected, ulong value) =>
        Interlocked.CompareExchange(ref *(ulong*)at, (ulong)value, (ulong)expected) == (ulong)expected;
}
