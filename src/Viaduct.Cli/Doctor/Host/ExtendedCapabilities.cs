using System.Buffers.Binary;

namespace Viaduct.Cli.Doctor.Host;

/// <summary>The list of PCI Express's extended capabilities in configuration space (PCI Express 5.0, 7.6.3), as root may read it.</summary>
internal static class ExtendedCapabilities
{
    private const int Begin = 0x100;
    private const int End = 0x1000;
    private const ushort Sriov = 0x10;

    /// <summary>Whether a function's configuration space has the SR-IOV capability; false where it can't be read so far.</summary>
    /// <param name="path">The file that has it.</param>
    internal static bool HasSriov(string path)
    {
        byte[] space;
        try
        {
            space = File.Exists(path) ? File.ReadAllBytes(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        int offset = Begin;
        for (int rest = (End - Begin) / sizeof(uint); rest > 0 && offset >= Begin && offset + sizeof(uint) <= space.Length; rest--)
        {
            uint header = BinaryPrimitives.ReadUInt32LittleEndian(space.AsSpan(offset));
            if ((ushort)header == Sriov)
            {
                return true;
            }

            offset = (int)(header >> 20) & ~3;
        }

        return false;
    }
}
