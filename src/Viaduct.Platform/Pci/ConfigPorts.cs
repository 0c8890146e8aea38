using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>
/// Configuration mechanism #1 (PCI Local Bus 3.0, 3.2.2.3.2): an address register of four bytes at 0xCF8, its data at
/// 0xCFC to 0xCFF. The byte 0xCF9 is not part of it; chipsets keep their reset register there.
/// </summary>
internal sealed class ConfigPorts : IAccessHandler
{
    private const uint Enable = 1u << 31;
    private const uint Writable = 0x80FF_FFFC;

    private readonly PciRoot _root;
    private readonly IAccessHandler? _resetControl;
    private uint _address;

    internal ConfigPorts(PciRoot root, IAccessHandler? resetControl)
    {
        _root = root;
        _resetControl = resetControl;
    }

    /// <summary>The address register.</summary>
    internal uint Address
    {
        get => Volatile.Read(ref _address);
        set => Volatile.Write(ref _address, value & Writable);
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        uint address = Volatile.Read(ref _address);
        switch (offset)
        {
            case 0 when size == 4:
                value = address;
                return AccessStatus.Done;
            case 1 when size == 1 && _resetControl is not null:
                return _resetControl.Read(0, 1, out value);
            case >= 4 when (offset & (ulong)(size - 1)) == 0 && (address & Enable) != 0:
                value = _root.ReadConfig((int)(address >> 16) & 0xFF, (int)(address >> 8) & 0xFF, Register(address, offset), size);
                return AccessStatus.Done;
            default:
                return AccessStatus.NoResponse;
        }
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        uint address = Volatile.Read(ref _address);
        switch (offset)
        {
            case 0 when size == 4:
                Volatile.Write(ref _address, (uint)value & Writable);
                return AccessStatus.Done;
            case 1 when size == 1 && _resetControl is not null:
                return _resetControl.Write(0, 1, value);
            case >= 4 when (offset & (ulong)(size - 1)) == 0 && (address & Enable) != 0:
                _root.WriteConfig((int)(address >> 16) & 0xFF, (int)(address >> 8) & 0xFF, Register(address, offset), size, (uint)value);
                return AccessStatus.Done;
            default:
                return AccessStatus.NoResponse;
        }
    }

    private static int Register(uint address, ulong offset) => (int)((address & 0xFC) | (offset & 3));
}
