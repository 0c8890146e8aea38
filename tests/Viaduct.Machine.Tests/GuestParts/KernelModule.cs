using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.Tests.GuestParts;

/// <summary>Writes kernel modules as far as a loader's orders go: an ELF file with a <c>.modinfo</c> section.</summary>
internal static class KernelModule
{
    internal static byte[] Build(params ReadOnlySpan<string> info)
    {
        StringBuilder text = new();
        foreach (string line in info)
        {
            text.Append(line).Append('\0');
        }

        byte[] strings = Encoding.ASCII.GetBytes(text.ToString());
        byte[] names = Encoding.ASCII.GetBytes("\0.modinfo\0.shstrtab\0");
        int table = 64 + strings.Length + names.Length;
        byte[] module = new byte[table + (3 * 64)];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(module);
        BinaryPrimitives.WriteInt64LittleEndian(module.AsSpan(40), table);
        BinaryPrimitives.WriteInt16LittleEndian(module.AsSpan(60), 3);
        BinaryPrimitives.WriteInt16LittleEndian(module.AsSpan(62), 2);
        strings.CopyTo(module, 64);
        names.CopyTo(module, 64 + strings.Length);
        WriteSection(module.AsSpan(table + 64), 1, 64, strings.Length);
        WriteSection(module.AsSpan(table + 128), 10, 64 + strings.Length, names.Length);
        return module;
    }

    private static void WriteSection(Span<byte> header, int name, int offset, int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, name);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], length);
    }
}
