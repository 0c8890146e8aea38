using System.Runtime.CompilerServices;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Guest physical addresses to host pointers, remembering the range that was used last. One for each processor.</summary>
internal sealed unsafe class PhysicalMemory
{
    private readonly AddressSpace _space;
    private AddressMap _map;
    private FlatRange? _last;

    internal PhysicalMemory(AddressSpace space)
    {
        _space = space;
        _map = space.Current;
    }

    /// <summary>The space itself, for accesses to registers.</summary>
    internal AddressSpace Space => _space;

    /// <summary>What is at an address now.</summary>
    internal FlatRange? Find(ulong address)
    {
        AddressMap map = _space.Current;
        if (!ReferenceEquals(map, _map))
        {
            _map = map;
            _last = null;
        }

        FlatRange? last = _last;
        if (last is not null && address - last.Start < last.Length)
        {
            return last;
        }

        FlatRange? found = map.Find(address);
        if (found?.Memory is not null)
        {
            _last = found;
        }

        return found;
    }

    /// <summary>A pointer to a naturally aligned value in writable memory.</summary>
    internal bool TryGetPointer<T>(ulong address, out T* pointer)
        where T : unmanaged
    {
        if (Find(address) is { Memory: not null, ReadOnly: false } range)
        {
            pointer = (T*)(range.Host + (address - range.Start));
            return true;
        }

        pointer = null;
        return false;
    }

    /// <summary>Reads a naturally aligned value.</summary>
    internal bool TryRead<T>(ulong address, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        if (Find(address) is { Memory: not null } range)
        {
            value = *(T*)(range.Host + (address - range.Start));
            return true;
        }

        return false;
    }
}
