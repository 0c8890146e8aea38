using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Loads and stores by linear address: the TLB inline, everything else in <see cref="MemoryUnit"/>.</summary>
internal static unsafe class Guest
{
    internal const ulong PageMask = ~0xFFFUL;

    /// <summary>Reads. False when the access faulted; the fault is recorded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Load<T>(SoftwareCpu cpu, CpuState* s, ulong address, out T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->Tlb + ((address >> 12) & (TlbEntry.Count - 1));

        // The offset in the page, or more than a page; an access across pages misses, too.
        ulong offset = address ^ entry->ReadTag;
        if (offset <= (ulong)(4096 - sizeof(T)))
        {
            value = Unsafe.ReadUnaligned<T>(entry->Host + offset);
            return true;
        }

        return cpu.Memory.LoadSlow(address, out value);
    }

    /// <summary>Writes. False when the access faulted, or when it changed decoded code: the reason is recorded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Store<T>(SoftwareCpu cpu, CpuState* s, ulong address, T value)
        where T : unmanaged
    {
        TlbEntry* entry = s->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        ulong offset = address ^ entry->WriteTag;
        if (offset <= (ulong)(4096 - sizeof(T)))
        {
            Unsafe.WriteUnaligned(entry->Host + offset, value);
            return true;
        }

        return cpu.Memory.StoreSlow(address, value);
    }

    /// <summary>The host address of bytes that may be read and written in place; null where they must go through <see cref="Load"/> and <see cref="Store"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* InPlace(CpuState* s, ulong address, int size)
    {
        TlbEntry* entry = s->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        ulong offset = address ^ entry->WriteTag;
        return offset <= (ulong)(4096 - size) ? entry->Host + offset : null;
    }
}
