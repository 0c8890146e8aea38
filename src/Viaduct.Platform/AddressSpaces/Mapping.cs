using Viaduct.Platform.Accounting;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// Something at a range of addresses: registers or memory. Ranges may overlap; the higher priority is seen, and among
/// equals the one that was mapped last. Dispose it to take it away.
/// </summary>
public sealed class Mapping : IDisposable
{
    private readonly AddressSpace _space;

    internal Mapping(AddressSpace space, string name, ulong start, ulong length, int priority)
    {
        _space = space;
        Name = name;
        Start = start;
        Length = length;
        Priority = priority;
    }

    /// <summary>For people: logs and <c>/proc/iomem</c>-like lists.</summary>
    public string Name { get; }

    /// <summary>The first address.</summary>
    public ulong Start { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The higher is seen.</summary>
    public int Priority { get; }

    /// <summary>Who answers, when it is registers.</summary>
    public IAccessHandler? Handler { get; internal init; }

    /// <summary>Whether a write only leaves a value and a signal: it counts as a doorbell and not as an exit.</summary>
    public bool IsDoorbell { get; internal init; }

    /// <summary>Where writes may be told by eventfds instead, by offset from <see cref="Start"/>.</summary>
    public IReadOnlyList<DoorbellSignal> Signals { get; internal init; } = [];

    /// <summary>What is seen, when it is memory.</summary>
    public HostMemory? Memory { get; internal init; }

    /// <summary>Where in <see cref="Memory"/> the range begins.</summary>
    public ulong MemoryOffset { get; internal init; }

    /// <summary>Who is asked for bytes, when it is memory of another process.</summary>
    public IRemoteMemory? Remote { get; internal init; }

    /// <summary>Whether writes by the guest and by DMA are refused.</summary>
    public bool ReadOnly { get; internal init; }

    /// <summary>Where accesses to the handler are counted as exits.</summary>
    public DeviceCounters? Counters { get; internal init; }

    /// <summary>Takes the range away; what it covered is seen again.</summary>
    public void Dispose() => _space.Remove(this);
}
