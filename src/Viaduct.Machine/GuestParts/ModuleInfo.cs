using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.GuestParts;

/// <summary>The <c>.modinfo</c> section of a kernel module: <c>key=value</c> strings.</summary>
internal static class ModuleInfo
{
    private const int SectionHeaderLength = 64;

    /// <summary>All strings; none when the file isn't a module.</summary>
    internal static List<string> Read(byte[] module)
    {
        ReadOnlySpan<byte> file = module;
        if (file.Length < 64 || !file.StartsWith("\u007fELF"u8))
        {
            return [];
        }

        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(file[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(file[62..]);
        if (table > (ulong)file.Length || (ulong)file.Length - table < (ulong)(count * SectionHeaderLength) || names >= count)
        {
            return [];
        }

        ReadOnlySpan<byte> nameTable = Section(file, table, names);
        for (int i = 0; i < count; i++)
        {
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(file[(int)(table + (ulong)(i * SectionHeaderLength))..]);
            if (name < nameTable.Length && nameTable[(int)name..].StartsWith(".modinfo\0"u8))
            {
                return Encoding.ASCII.GetString(Section(file, table, i)).Split('\0', StringSplitOptions.RemoveEmptyEntries).ToList();
            }
        }

        return [];
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> file, ulong table, int index)
    {
        ReadOnlySpan<byte> header = file.Slice((int)table + (index * SectionHeaderLength), SectionHeaderLength);
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        return offset <= (ulong)file.Length && length <= (ulong)file.Length - offset
            ? file.Slice((int)offset, (int)length)
            : [];
    }
}
