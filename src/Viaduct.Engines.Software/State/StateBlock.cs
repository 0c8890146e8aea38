using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Mmu;

namespace Viaduct.Engines.Software.State;

/// <summary>
/// A processor's state and its translations in one allocation, so that translated code reaches all of it at fixed
/// distances from one register.
/// </summary>
internal static unsafe class StateBlock
{
    /// <summary>Distance of the table of supervisor translations from the state; that of user ones follows it.</summary>
    internal const int TlbOffset = 4096;

    /// <summary>Bytes of a table of translations.</summary>
    internal const int TlbBytes = TlbEntry.Count * 32;

    private const int CodeTlbOffset = TlbOffset + (2 * TlbBytes);
    private const int CodeTlbBytes = CodeTlbEntry.Count * 32;
    private const int JumpsOffset = CodeTlbOffset + (2 * CodeTlbBytes);
    private const int JumpsBytes = JumpEntry.Count * 16;
    private const int Bytes = JumpsOffset + (2 * JumpsBytes);

    internal static CpuState* Allocate()
    {
        if (sizeof(CpuState) > TlbOffset || sizeof(TlbEntry) != 32 || sizeof(CodeTlbEntry) != 32 || sizeof(JumpEntry) != 16)
        {
            throw new InvalidOperationException("the processor's state is not laid out as translated code expects");
        }

        void* block = NativeMemory.AlignedAlloc(Bytes, 4096);
        NativeMemory.Clear(block, Bytes);
        return (CpuState*)block;
    }

    internal static void Free(CpuState* state) => NativeMemory.AlignedFree(state);

    /// <summary>Distance of a privilege's table.</summary>
    internal static int OffsetOfTlb(ulong accessMode) => TlbOffset + (accessMode == TlbEntry.User ? TlbBytes : 0);

    internal static TlbEntry* Tlb(CpuState* state, ulong accessMode) => (TlbEntry*)((byte*)state + OffsetOfTlb(accessMode));

    /// <summary>Distance of a privilege's table of code pages.</summary>
    internal static int OffsetOfCodeTlb(ulong accessMode) => CodeTlbOffset + (accessMode == TlbEntry.User ? CodeTlbBytes : 0);

    internal static CodeTlbEntry* CodeTlb(CpuState* state, ulong accessMode) => (CodeTlbEntry*)((byte*)state + OffsetOfCodeTlb(accessMode));

    /// <summary>Distance of a privilege's table of jumps.</summary>
    internal static int OffsetOfJumps(ulong accessMode) => JumpsOffset + (accessMode == TlbEntry.User ? JumpsBytes : 0);

    internal static JumpEntry* Jumps(CpuState* state, ulong accessMode) => (JumpEntry*)((byte*)state + OffsetOfJumps(accessMode));
}
