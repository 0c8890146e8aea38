using System.Runtime.CompilerServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// Loads and stores of ring fields that the driver accesses at the same time. Loads have acquire, stores have release
/// semantics; where a store must be seen before a later load, the ring says so with a full fence. Every access asks
/// anew where the memory is.
/// </summary>
internal readonly struct RingMemory
{
    private readonly DmaTarget _dma;

    internal RingMemory(DmaTarget dma) => _dma = dma;

    internal bool TryLoad(ulong address, out ushort value)
    {
        if (!_dma.TryGetSpan(address, sizeof(ushort), DmaDirection.ToDevice, out Span<byte> span))
        {
            value = 0;
            return false;
        }

        value = Volatile.Read(ref Unsafe.As<byte, ushort>(ref span[0]));
        return true;
    }

    internal bool TryLoad(ulong address, out uint value)
    {
        if (!_dma.TryGetSpan(address, sizeof(uint), DmaDirection.ToDevice, out Span<byte> span))
        {
            value = 0;
            return false;
        }

        value = Volatile.Read(ref Unsafe.As<byte, uint>(ref span[0]));
        return true;
    }

    internal bool TryStore(ulong address, ushort value)
    {
        if (!_dma.TryGetSpan(address, sizeof(ushort), DmaDirection.FromDevice, out Span<byte> span))
        {
            return false;
        }

        Volatile.Write(ref Unsafe.As<byte, ushort>(ref span[0]), value);
        return true;
    }

    /// <summary>Stores what the driver reads only after a later store with release semantics.</summary>
    internal bool TryStorePlain<T>(ulong address, T value)
        where T : unmanaged
    {
        if (!_dma.TryGetSpan(address, Unsafe.SizeOf<T>(), DmaDirection.FromDevice, out Span<byte> span))
        {
            return false;
        }

        Unsafe.WriteUnaligned(ref span[0], value);
        return true;
    }

    /// <summary>Copies a descriptor out; it is looked at only in the copy, which the driver can't change any more.</summary>
    internal bool TryLoad(ulong address, out RingDescriptor descriptor)
    {
        if (!_dma.TryGetSpan(address, Unsafe.SizeOf<RingDescriptor>(), DmaDirection.ToDevice, out Span<byte> span))
        {
            descriptor = default;
            return false;
        }

        descriptor = Unsafe.ReadUnaligned<RingDescriptor>(ref span[0]);
        return true;
    }
}
