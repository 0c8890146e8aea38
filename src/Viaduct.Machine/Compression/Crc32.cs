namespace Viaduct.Machine.Compression;

/// <summary>The CRC-32 of IEEE 802.3, reflected, as gzip and XZ use it; eight bytes a step.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB8_8320;
    private const int Slices = 8;

    private static readonly uint[] _table = BuildTable();

    internal static uint Compute(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> table = _table;
        uint crc = uint.MaxValue;
        while (bytes.Length >= Slices)
        {
            ulong word = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc = table[(7 * 256) + (int)(word & 0xFF)]
                ^ table[(6 * 256) + (int)((word >> 8) & 0xFF)]
                ^ table[(5 * 256) + (int)((word >> 16) & 0xFF)]
                ^ table[(4 * 256) + (int)((word >> 24) & 0xFF)]
                ^ table[(3 * 256) + (int)((word >> 32) & 0xFF)]
                ^ table[(2 * 256) + (int)((word >> 40) & 0xFF)]
                ^ table[(1 * 256) + (int)((word >> 48) & 0xFF)]
                ^ table[(int)(word >> 56)];
            bytes = bytes[Slices..];
        }

        foreach (byte value in bytes)
        {
            crc = table[(int)((crc ^ value) & 0xFF)] ^ (crc >> 8);
        }

        return ~crc;
    }

    // Row 0 advances the remainder by a byte; row n by n more bytes of zero.
    private static uint[] BuildTable()
    {
        uint[] table = new uint[Slices * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint remainder = i;
            for (int bit = 0; bit < 8; bit++)
            {
                remainder = (remainder >> 1) ^ ((remainder & 1) == 0 ? 0 : Polynomial);
            }

            table[i] = remainder;
        }

        for (int i = 256; i < table.Length; i++)
        {
            uint before = table[i - 256];
            table[i] = table[before & 0xFF] ^ (before >> 8);
        }

        return table;
    }
}
