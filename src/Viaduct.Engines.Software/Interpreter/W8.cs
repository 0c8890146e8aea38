using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>8 bits.</summary>
internal readonly unsafe struct W8 : IWidth
{
    public static int Bytes => 1;

    public static int Bits => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(byte* from) => Unsafe.ReadUnaligned<byte>(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRegister(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (byte)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (byte)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong value) => (byte)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend(ulong value) => (ulong)(long)(sbyte)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Load(SoftwareCpu cpu, CpuState* s, ulong address, out ulong value)
    {
        bool done = Guest.Load(cpu, s, address, out byte narrow);
        value = narrow;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store(SoftwareCpu cpu, CpuState* s, ulong address, ulong value) =>
        Guest.Store(cpu, s, address, (byte)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryExchange(byte* at, ulong expected, ulong value) =>
        Interlocked.CompareExchange(ref *(byte*)at, (byte)value, (byte)expected) == (byte)expected;
}
