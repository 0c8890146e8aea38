using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>
/// The enhanced configuration access mechanism (PCI Express Base 5.0, 7.2.2): bus (27:20), device (19:15), function
/// (14:12), register (11:0). Eight bytes are carried out as two requests of four.
/// </summary>
internal sealed class EcamHandler : IAccessHandler
{
    private readonly PciRoot _root;

    internal EcamHandler(PciRoot root) => _root = root;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if ((offset & (ulong)(size - 1)) != 0)
        {
            return AccessStatus.Unaligned;
        }

        int bus = (int)(offset >> 20);
        int deviceFunction = (int)(offset >> 12) & 0xFF;
        int register = (int)offset & 0xFFF;
        value = _root.ReadConfig(bus, deviceFunction, register, Math.Min(size, 4));
        if (size == 8)
        {
            value |= (ulong)_root.ReadConfig(bus, deviceFunction, register + 4, 4) << 32;
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if ((offset & (ulong)(size - 1)) != 0)
        {
            return AccessStatus.Unaligned;
        }

        int bus = (int)(offset >> 20);
        int deviceFunction = (int)(offset >> 12) & 0xFF;
        int register = (int)offset & 0xFFF;
        _root.WriteConfig(bus, deviceFunction, register, Math.Min(size, 4), (uint)value);
        if (size == 8)
        {
            _root.WriteConfig(bus, deviceFunction, register + 4, 4, (uint)(value >> 32));
        }

        return AccessStatus.Done;
    }
}
