using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Segmentation;

/// <summary>
/// Linear addresses of accesses through segments outside 64-bit mode, with the checks of limit and type. An access that
/// isn't allowed gets an address that no page table has, by which the memory unit knows it: so only it pays for that.
/// </summary>
internal static unsafe class SegmentAccess
{
    // Not canonical, and so the address of nothing in long mode; outside it more than 32 bits.
    private const ulong Refused = 0x8UL << 60;
    private const ulong RefusedStack = 0xAUL << 60;

    /// <summary>The linear address, or what stands for a refused access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Linear(CpuState* s, int segment, uint offset, int size, bool write) =>
        (s->FlatSegments & (1u << segment)) != 0
            ? (uint)(offset + s->SegmentBases[segment])
            : Checked(s, segment, offset, size, write);

    /// <summary>Whether an address stands for a refused access.</summary>
    internal static bool IsRefused(ulong address) => address >> 60 is 0x8 or 0xA;

    /// <summary>The vector of the exception that a refused access raises.</summary>
    internal static byte VectorOf(ulong address) => address >> 60 == 0xA ? Vector.StackFault : Vector.GeneralProtection;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Checked(CpuState* s, int segment, uint offset, int size, bool write)
    {
        bool typed = (s->Cr0 & Cr0.ProtectionEnable) != 0 && (s->FlagsOther & Rflags.Virtual8086) == 0;
        ref readonly SegmentRegister register = ref s->Segments[segment];
        return register.Allows(offset, size, write, typed)
            ? (uint)(offset + register.Base)
            : segment == SegmentName.Ss ? RefusedStack : Refused;
    }
}
