using System.Buffers.Binary;

namespace Viaduct.Assigned.Configuration;

/// <summary>A device's configuration space as it stood when the guest was given it, with its capabilities (PCI Express Base 5.0, 7.5 and 7.6).</summary>
internal sealed class DeviceConfig
{
    private const int Conventional = 256;
    private const int Full = 4096;

    private readonly byte[] _bytes = new byte[Full];

    private DeviceConfig(int length) => Length = length;

    /// <summary>Bytes: 256 or 4096.</summary>
    internal int Length { get; }

    /// <summary>Reads it.</summary>
    /// <exception cref="AssignedDeviceException">It has none that can be used.</exception>
    internal static DeviceConfig Read(IAssignedDevice device)
    {
        ulong size = device.Regions[AssignedRegion.Config].Size;
        DeviceConfig config = new(size >= Full ? Full : Conventional);
        for (int offset = 0; offset < config.Length; offset += 4)
        {
            if (size < Conventional || !device.TryRead(AssignedRegion.Config, (ulong)offset, config._bytes.AsSpan(offset, 4)))
            {
                throw new AssignedDeviceException($"{device.Name}: its configuration space can't be read");
            }
        }

        if ((config.Byte(0x0E) & 0x7F) != 0 || config.Word(0) is 0 or 0xFFFF)
        {
            throw new AssignedDeviceException($"{device.Name}: no PCI endpoint answers there");
        }

        return config;
    }

    internal byte Byte(int offset) => _bytes[offset];

    internal ushort Word(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(offset));

    internal uint DWord(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));

    internal byte[] Copy(int offset, int length) => _bytes.AsSpan(offset, length).ToArray();

    /// <summary>The capabilities of the list at 34h, with their places; what is malformed ends it.</summary>
    internal IReadOnlyList<(byte Id, int Offset)> Capabilities()
    {
        const uint HasList = 1 << 4;
        List<(byte, int)> found = [];
        if ((Word(0x06) & HasList) == 0)
        {
            return found;
        }

        HashSet<int> seen = [];
        int at = Byte(0x34) & ~3;
        while (at >= 0x40 && seen.Add(at))
        {
            found.Add((Byte(at), at));
            at = Byte(at + 1) & ~3;
        }

        return found;
    }

    /// <summary>The extended capabilities, with their places; what is malformed ends the list.</summary>
    internal IReadOnlyList<(ushort Id, byte Version, int Offset)> ExtendedCapabilities()
    {
        List<(ushort, byte, int)> found = [];
        HashSet<int> seen = [];
        int at = Conventional;
        while (at >= Conventional && at <= Length - 4 && seen.Add(at))
        {
            uint header = DWord(at);
            if (header is 0 or uint.MaxValue)
            {
                break;
            }

            found.Add(((ushort)header, (byte)((header >> 16) & 0xF), at));
            at = (int)(header >> 20) & ~3;
        }

        return found;
    }
}
