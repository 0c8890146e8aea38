using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Viaduct.Emulated.Nvme;

/// <summary>The names of a controller and its namespaces, made from the device's id.</summary>
internal sealed class NvmeIdentity
{
    /// <summary>
    /// PCI vendor. No PCI-SIG member has it in pci.ids, and Linux's nvme driver has a quirk for neither it nor the
    /// device, as it has for QEMU's 1b36:0010 (no trust in EUI-64 and NGUID) and 8086:5845 (no Write Zeroes). Drivers
    /// bind by class.
    /// </summary>
    internal const ushort VendorId = 0x5669;

    /// <inheritdoc cref="VendorId"/>
    internal const ushort DeviceId = 0x0001;

    /// <summary>PCI device of a virtual function.</summary>
    internal const ushort VirtualDeviceId = 0x0002;

    /// <summary>A locally administered identifier in the place of an OUI: 56-69-61, "Via" in ASCII.</summary>
    internal const uint Oui = 0x566961;

    internal const string Model = "Viaduct NVMe";
    internal const string Firmware = "1.0";

    private readonly byte[] _seed;

    internal NvmeIdentity(string id)
    {
        _seed = SHA256.HashData(Encoding.UTF8.GetBytes(id));
        Serial = string.Concat("VD", Convert.ToHexString(_seed, 0, 8));
        SubsystemName = $"nqn.2014-08.org.nvmexpress:uuid:{MakeUuid(_seed)}";
    }

    /// <summary>Eighteen characters; the field has twenty.</summary>
    internal string Serial { get; }

    /// <summary>The NVM subsystem's NQN (NVMe 1.4, 7.9).</summary>
    internal string SubsystemName { get; }

    /// <summary>EUI-64 (big endian) and NGUID (NVMe 1.4, 7.10) and UUID of a namespace; one that has an identifier anew has other names.</summary>
    internal void ForNamespace(uint namespaceId, uint incarnation, Span<byte> eui64, Span<byte> nguid, out Guid uuid)
    {
        Span<byte> material = stackalloc byte[36];
        _seed.CopyTo(material);
        BinaryPrimitives.WriteUInt32LittleEndian(material[32..], namespaceId ^ (incarnation << 16));
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(material, hash);
        WriteOui(eui64);
        hash[..5].CopyTo(eui64[3..]);
        hash[8..16].CopyTo(nguid);
        WriteOui(nguid[8..]);
        hash[..5].CopyTo(nguid[11..]);
        uuid = MakeUuid(hash[16..]);
    }

    private static void WriteOui(Span<byte> destination)
    {
        destination[0] = (byte)(Oui >> 16);
        destination[1] = unchecked((byte)(Oui >> 8));
        destination[2] = unchecked((byte)Oui);
    }

    /// <summary>Sixteen bytes of a hash as a UUID of version 8, variant 1 (RFC 9562, 5.8).</summary>
    private static Guid MakeUuid(ReadOnlySpan<byte> hash)
    {
        Span<byte> bytes = stackalloc byte[16];
        hash[..16].CopyTo(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
