using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>Memory operands wider than any register: all of one is read, or may be written, before anything changes.</summary>
internal static unsafe class Block
{
    /// <summary>Reads. False when the access faulted.</summary>
    internal static bool Load(SoftwareCpu cpu, CpuState* s, ulong address, byte* bytes, int size)
    {
        int at = 0;
        for (; size - at >= sizeof(ulong); at += sizeof(ulong))
        {
            if (!Guest.Load(cpu, s, address + (uint)at, out *(ulong*)(bytes + at)))
            {
                return false;
            }
        }

        for (; size - at >= sizeof(uint); at += sizeof(uint))
        {
            if (!Guest.Load(cpu, s, address + (uint)at, out *(uint*)(bytes + at)))
            {
                return false;
            }
        }

        for (; size - at >= sizeof(ushort); at += sizeof(ushort))
        {
            if (!Guest.Load(cpu, s, address + (uint)at, out *(ushort*)(bytes + at)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes an even number of bytes, at most a page. False as <see cref="Guest.Store"/> says it.</summary>
    internal static bool Store(SoftwareCpu cpu, CpuState* s, ulong address, byte* bytes, int size)
    {
        return Probe(cpu, s, address, size) && StoreProbed(cpu, s, address, bytes, size);
    }

    /// <summary>Faults as a store would.</summary>
    internal static bool Probe(SoftwareCpu cpu, CpuState* s, ulong address, int size) =>
        Guest.InPlace(s, address, size) != null || cpu.Memory.ProbeWrite(address, size);

    /// <summary>Writes where <see cref="Probe"/> said it can be. False when decoded code changed.</summary>
    internal static bool StoreProbed(SoftwareCpu cpu, CpuState* s, ulong address, byte* bytes, int size)
    {
        bool silent = true;
        int at = 0;
        for (; size - at >= sizeof(ulong); at += sizeof(ulong))
        {
            silent &= Guest.Store(cpu, s, address + (uint)at, *(ulong*)(bytes + at));
        }

        for (; size - at >= sizeof(uint); at += sizeof(uint))
        {
            silent &= Guest.Store(cpu, s, address + (uint)at, *(uint*)(bytes + at));
        }

        for (; size - at >= sizeof(ushort); at += sizeof(ushort))
        {
            silent &= Guest.Store(cpu, s, address + (uint)at, *(ushort*)(bytes + at));
        }

        return silent;
    }
}
