using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>32 bits.</summary>
internal readonly unsafe struct W32 : IWidth
{
    public static int Bytes => 4;

    public static int Bits => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(byte* from) => Unsafe.ReadUnaligned<uint>(from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteRegister(byte* to, ulong value) => *(ulong*)to = (uint)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* to, ulong value) => Unsafe.WriteUnaligned(to, (uint)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong value) => (uint)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend(ulong value) => (ulong)(long)(int)value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Load(SoftwareCpu cpu, CpuState* s, ulong address, out ulong value)
    {
        bool done = Guest.Load(cpu, s, address, out uint narrow);
        value = narrow;
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Store(SoftwareCpu cpu, CpuState* s, ulong address, ulong value) =>
        Guest.Store(cpu, s, address, (uint)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryExchange(byte* at, ulong expected, ulong value) =>
        Interlocked.CompareExchange(ref *(uint*)at, (uint)value, (uint)expected) == (uint)expected;
}
