using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>Guest memory at zero and a device's way to it.</summary>
internal sealed class TestGuest : IDisposable
{
    internal const ulong MemoryLength = 8 << 20;

    private readonly HostMemory _memory = new("test-guest", MemoryLength);

    /// <param name="mapped">Bytes that the guest has; the rest is there, but not for it.</param>
    internal TestGuest(ulong mapped = MemoryLength)
    {
        AddressSpace space = new("memory");
        space.MapMemory("ram", 0, _memory, 0, mapped);
        Memory = new GuestMemory(space);
        Dma = new DmaTarget(Memory, Messages, Counters) { Granted = true };
    }

    internal GuestMemory Memory { get; }

    /// <summary>The memory itself.</summary>
    internal HostMemory Block => _memory;

    internal DeviceCounters Counters { get; } = new("test", Road.Paravirtual);

    internal RecordingMessages Messages { get; } = new();

    internal RecordingLog Log { get; } = new();

    internal DmaTarget Dma { get; }

    internal unsafe Span<byte> Bytes => new(_memory.Pointer, (int)MemoryLength);

    public void Dispose() => _memory.Dispose();

    internal unsafe ref T At<T>(ulong address)
        where T : unmanaged
    {
        Assert.True(address + (ulong)sizeof(T) <= MemoryLength);
        return ref *(T*)(_memory.Pointer + address);
    }

    internal Span<byte> Slice(ulong address, int length) => Bytes.Slice((int)address, length);
}
