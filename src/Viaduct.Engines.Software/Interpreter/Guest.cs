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

        // The tag of the last byte's page, so that an access across pages misses.
        if (entry->ReadTag == (((address + (uint)(sizeof(T) - 1)) & PageMask) | s->AccessMode))
        {
            value = Unsafe.ReadUnaligned<T>((void*)(address + entry->Addend));
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
        if (entry->WriteTag == (((address + (uint)(sizeof(T) - 1)) & PageMask) | s->AccessMode))
        {
            Unsafe.WriteUnaligned((void*)(address + entry->Addend), value);
            return true;
        }

        return cpu.Memory.StoreSlow(address, value);
    }

    /// <summary>The host address of bytes that may be read and written in place; null where they must go through <see cref="Load"/> and <see cref="Store"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static byte* InPlace(CpuState* s, ulong address, int size)
    {
        TlbEntry* entry = s->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        return entry->WriteTag == (((address + (uint)(size - 1)) & PageMask) | s->AccessMode)
            ? (byte*)(address + entry->Addend)
            : null;
    }
}
