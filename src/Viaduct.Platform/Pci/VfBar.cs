namespace Viaduct.Platform.Pci;

/// <summary>
/// A base address register in the SR-IOV capability (PCI Express Base 5.0, 9.3.3.14): where the first virtual function's
/// BAR is. The others' follow, each a multiple of the system page size further. Under the topology's lock.
/// </summary>
internal sealed class VfBar
{
    private readonly int _register;
    private ulong _aperture;

    internal VfBar(int index, PciBarKind kind, ulong size, int register)
    {
        kind.CheckSize(size);
        ArgumentOutOfRangeException.ThrowIfEqual((int)kind, (int)PciBarKind.Io, nameof(kind));
        Index = index;
        Kind = kind;
        Size = size;
        _register = register;
    }

    internal int Index { get; }

    internal PciBarKind Kind { get; }

    /// <summary>Bytes of one virtual function's BAR.</summary>
    internal ulong Size { get; }

    /// <summary>Bytes from one virtual function's BAR to the next one's.</summary>
    internal ulong Aperture => _aperture;

    private ulong AddressMask => (Kind.Is64Bit() ? ulong.MaxValue : uint.MaxValue) & ~(_aperture - 1);

    /// <summary>Lays out the register or the two registers, at zero after each reset.</summary>
    internal void Define(ConfigSpace config)
    {
        _aperture = Size;
        config.Define(_register, 4, Kind.Flags());
        if (Kind.Is64Bit())
        {
            config.Define(_register + 4, 4, 0);
        }
    }

    /// <summary>Follows the system page size: apertures are whole pages, and so are the addresses that the register holds.</summary>
    internal void Align(ConfigSpace config, ulong page)
    {
        _aperture = Math.Max(Size, page);
        config.Permit(_register, 4, (uint)AddressMask);
        config.Set(_register, 4, (config.Read(_register, 4) & (uint)AddressMask) | Kind.Flags());
        if (Kind.Is64Bit())
        {
            config.Permit(_register + 4, 4, (uint)(AddressMask >> 32));
        }
    }

    /// <summary>Where a virtual function's BAR is; false where nothing is seen, as for an ordinary BAR.</summary>
    internal bool TryGetRange(ConfigSpace config, int function, out AddressRange range)
    {
        ulong address = config.Read(_register, 4);
        if (Kind.Is64Bit())
        {
            address |= (ulong)config.Read(_register + 4, 4) << 32;
        }

        address &= AddressMask;
        UInt128 first = address + ((UInt128)_aperture * (uint)function);
        UInt128 last = first + (Size - 1);
        range = new AddressRange((ulong)first, (ulong)last);
        return address != 0 && address != AddressMask && last <= Kind.LastAddress();
    }

    /// <summary>Puts an address into the register.</summary>
    internal void SetAddress(PciFunction function, ulong address)
    {
        function.WriteConfig(_register, 4, (uint)address);
        if (Kind.Is64Bit())
        {
            function.WriteConfig(_register + 4, 4, (uint)(address >> 32));
        }
    }
}
