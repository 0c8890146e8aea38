using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.Pci;

/// <summary>
/// A base address register and what lies behind it. The owner fills it with regions; where the guest puts it, and
/// whether it is seen, is the function's and the bridges' matter. As a handler it answers by offset from its start,
/// wherever it is mapped: for servers and tests that have no address space.
/// </summary>
public sealed class PciBar : IAccessHandler
{
    private readonly PciFunction _function;
    private readonly BarPlacement _placement;
    private volatile BarRegion[] _regions = [];

    internal PciBar(PciFunction function, int index, PciBarKind kind, ulong size)
    {
        kind.CheckSize(size);
        _function = function;
        Index = index;
        Kind = kind;
        Size = size;
        _placement = new BarPlacement($"{function.Name} BAR {index}", function.Counters);
    }

    /// <summary>The number of its (first) register, 0 to 5; 6 for the expansion ROM.</summary>
    public int Index { get; }

    /// <summary>What it decodes.</summary>
    public PciBarKind Kind { get; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>Whether it takes the next register, too.</summary>
    public bool Is64Bit => Kind.Is64Bit();

    /// <summary>What lies behind it; a later one covers an earlier where they overlap.</summary>
    public ReadOnlySpan<BarRegion> Regions => _regions;

    internal PciFunction Function => _function;

    /// <summary>Where its (first) register lies.</summary>
    internal int Register => Kind == PciBarKind.Rom ? ConfigHeader.Rom : ConfigHeader.Bar0 + (Index * 4);

    /// <summary>The bit that shows a ROM; none for others.</summary>
    private uint RomEnable => Kind == PciBarKind.Rom ? 1u : 0;

    private ulong AddressMask => (Is64Bit ? ulong.MaxValue : uint.MaxValue) & ~(Size - 1);

    /// <summary>Puts registers at a part of the BAR.</summary>
    /// <param name="offset">Bytes from the start of the BAR.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="handler">Who answers, by offset from the start of the part.</param>
    public BarRegion Map(ulong offset, ulong length, IAccessHandler handler)
    {
        CheckInside(offset, length);
        return Add(new BarRegion(this, offset, length) { Handler = _function.Guarded(handler) });
    }

    /// <summary>Puts doorbells at a part of the BAR: writes that the handler only notes and signals, as an eventfd of the engine would.</summary>
    /// <inheritdoc cref="Map"/>
    public BarRegion MapDoorbells(ulong offset, ulong length, IAccessHandler handler)
    {
        CheckInside(offset, length);
        return Add(new BarRegion(this, offset, length) { Handler = _function.Guarded(handler), IsDoorbell = true });
    }

    /// <summary>Puts memory at a part of the BAR, which the guest then reaches without an exit.</summary>
    /// <param name="offset">Bytes from the start of the BAR, a multiple of the page size.</param>
    /// <param name="memory">The block.</param>
    /// <param name="memoryOffset">Where in the block the part begins, a multiple of the page size.</param>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    public BarRegion MapMemory(ulong offset, HostMemory memory, ulong memoryOffset, ulong length)
    {
        CheckInside(offset, length);
        ArgumentOutOfRangeException.ThrowIfEqual((int)Kind, (int)PciBarKind.Io);
        ArgumentOutOfRangeException.ThrowIfNotEqual((offset | memoryOffset | length) % HostMemory.PageSize, 0UL, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, memory.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(memoryOffset, memory.Length - length);
        return Add(new BarRegion(this, offset, length) { Memory = memory, MemoryOffset = memoryOffset });
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (Find(offset, size) is not { } region)
        {
            return AccessStatus.NoResponse;
        }

        if (region.Handler is { } handler)
        {
            return handler.Read(offset - region.Offset, size, out value);
        }

        Span<byte> bytes = BytesOf(region, offset, size);
        for (int i = size - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (Find(offset, size) is not { } region)
        {
            return AccessStatus.NoResponse;
        }

        if (region.Handler is { } handler)
        {
            return handler.Write(offset - region.Offset, size, value);
        }

        region.Memory!.NoteWrite(region.MemoryOffset + (offset - region.Offset), (ulong)size);
        Span<byte> bytes = BytesOf(region, offset, size);
        for (int i = 0; i < size; i++)
        {
            bytes[i] = (byte)(value >> (i * 8));
        }

        return AccessStatus.Done;
    }

    /// <summary>Lays out the register or the two registers.</summary>
    internal void Define(ConfigSpace config)
    {
        int offset = Register;
        config.Define(offset, 4, Kind.Flags(), (uint)AddressMask | RomEnable);
        if (Is64Bit)
        {
            config.Define(offset + 4, 4, 0, (uint)(AddressMask >> 32));
        }
    }

    /// <summary>
    /// Where the register points; false at zero, at all ones (the guest sizes it) and beyond the addresses that there
    /// are, where nothing is seen.
    /// </summary>
    internal bool TryGetRange(ConfigSpace config, out AddressRange range)
    {
        int offset = Register;
        ulong address = config.Read(offset, 4);
        bool enabled = ((uint)address & RomEnable) == RomEnable;
        if (Is64Bit)
        {
            address |= (ulong)config.Read(offset + 4, 4) << 32;
        }

        address &= AddressMask;
        range = new AddressRange(address, address + (Size - 1));
        return enabled
            && address != 0
            && address != AddressMask
            && address <= range.Last
            && range.Last <= Kind.LastAddress();
    }

    /// <summary>Makes the mappings those that the register and the windows above ask for. Under the topology's lock.</summary>
    internal void Place(ConfigSpace config, IReadOnlyList<AddressRange> windows, MappingChange change)
    {
        AddressRange? range = windows.Count != 0 && TryGetRange(config, out AddressRange bar) ? bar : null;
        PlaceAt(range, windows, change);
    }

    /// <summary>Makes the mappings those of a place that the caller knows. Under the topology's lock.</summary>
    /// <param name="range">Where the BAR is, or null when it isn't seen.</param>
    internal void PlaceAt(AddressRange? range, IReadOnlyList<AddressRange> windows, MappingChange change) =>
        _placement.Update(_regions, range, windows, change);

    internal void Remove(BarRegion region)
    {
        lock (_function.Gate)
        {
            _regions = Array.FindAll(_regions, other => other != region);
        }

        _function.Reroute();
    }

    private static unsafe Span<byte> BytesOf(BarRegion region, ulong offset, int size) =>
        new(region.Memory!.Pointer + region.MemoryOffset + (offset - region.Offset), size);

    private BarRegion? Find(ulong offset, int size)
    {
        BarRegion[] regions = _regions;
        for (int i = regions.Length - 1; i >= 0; i--)
        {
            BarRegion region = regions[i];
            if (offset >= region.Offset && offset - region.Offset < region.Length)
            {
                return region.Length - (offset - region.Offset) >= (ulong)size ? region : null;
            }
        }

        return null;
    }

    private BarRegion Add(BarRegion region)
    {
        lock (_function.Gate)
        {
            _regions = [.. _regions, region];
        }

        _function.Reroute();
        return region;
    }

    private void CheckInside(ulong offset, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Size - length);
    }
}
