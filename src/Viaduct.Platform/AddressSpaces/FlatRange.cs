using Viaduct.Platform.Memory;

namespace Viaduct.Platform.AddressSpaces;

/// <summary>A piece of an <see cref="AddressMap"/>: addresses at which one mapping is seen.</summary>
public sealed unsafe class FlatRange
{
    internal FlatRange(Mapping mapping, ulong start, ulong length)
    {
        Mapping = mapping;
        Start = start;
        Length = length;
        Memory = mapping.Memory;
        Remote = mapping.Remote;
        ReadOnly = mapping.ReadOnly;
        if (Memory is not null)
        {
            MemoryOffset = mapping.MemoryOffset + (start - mapping.Start);
            Host = Memory.Pointer + MemoryOffset;
        }
    }

    /// <summary>What is seen.</summary>
    public Mapping Mapping { get; }

    /// <summary>The first address.</summary>
    public ulong Start { get; }

    /// <summary>Bytes.</summary>
    public ulong Length { get; }

    /// <summary>The block, when it is memory.</summary>
    public HostMemory? Memory { get; }

    /// <summary>Who is asked for bytes, when it is memory of another process.</summary>
    public IRemoteMemory? Remote { get; }

    /// <summary>Where in <see cref="Memory"/> this range begins.</summary>
    public ulong MemoryOffset { get; }

    /// <summary>The first byte in this process, when it is memory.</summary>
    public byte* Host { get; }

    /// <summary>The signals that are seen here, with their addresses.</summary>
    public IEnumerable<(ulong Address, DoorbellSignal Signal)> Signals
    {
        get
        {
            foreach (DoorbellSignal signal in Mapping.Signals)
            {
                ulong address = Mapping.Start + signal.Offset;
                ulong width = (ulong)Math.Max(signal.Size, 1);
                if (signal.Offset < Mapping.Length && address >= Start && address - Start < Length && Length - (address - Start) >= width)
                {
                    yield return (address, signal);
                }
            }
        }
    }

    /// <summary>Whether it lies behind a BAR: a device may take it away at any time.</summary>
    public bool IsBar => Mapping.Priority == MappingPriority.Bar;

    /// <summary>Whether writes are refused.</summary>
    public bool ReadOnly { get; }
}
