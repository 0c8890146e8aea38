using System.Buffers.Binary;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Writes bzImages with whatever payload: one sector of set-up code, 4 KiB of a decompressor, the payload.</summary>
internal static class BzImage
{
    internal const int SetupLength = 2 * 512;
    internal const int PayloadOffset = 4096;
    internal const ulong PreferredAddress = 0x100_0000;
    internal const uint InitSize = 0x20_0000;
    internal const uint CommandLineSize = 2047;

    internal static byte[] Build(ReadOnlySpan<byte> payload, uint highestInitrd = 0x7FFF_FFFF, ushort version = 0x20F)
    {
        byte[] file = new byte[SetupLength + PayloadOffset + payload.Length];
        Span<byte> span = file;
        file[0x1F1] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(span[0x1FE..], 0xAA55);
        file[0x200] = 0xEB;
        file[0x201] = 0x6A;
        "HdrS"u8.CopyTo(span[0x202..]);
        BinaryPrimitives.WriteUInt16LittleEndian(span[0x206..], version);
        file[0x211] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(span[0x22C..], highestInitrd);
        BinaryPrimitives.WriteUInt16LittleEndian(span[0x236..], 0x7F);
        BinaryPrimitives.WriteUInt32LittleEndian(span[0x238..], CommandLineSize);
        BinaryPrimitives.WriteUInt32LittleEndian(span[0x248..], PayloadOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(span[0x24C..], (uint)payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(span[0x258..], PreferredAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(span[0x260..], InitSize);
        span.Slice(SetupLength + 0x200, 16).Fill(0x90);
        payload.CopyTo(span[(SetupLength + PayloadOffset)..]);
        return file;
    }
}
