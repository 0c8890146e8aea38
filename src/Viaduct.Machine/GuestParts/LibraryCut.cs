using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.GuestParts;

/// <summary>
/// Makes a dynamically linked program start without some of its libraries: they are no longer named as needed, and what
/// is used of them becomes weak, so that the loader leaves it null. Such a program must not call them. (System V ABI,
/// chapter 5, "Dynamic Section"; LSB Core 5.0, 10.7 "Symbol Versioning".)
/// </summary>
internal static class LibraryCut
{
    private const int DynamicSection = 6;
    private const int SymbolSection = 11;
    private const uint VersionNeedsSection = 0x6FFF_FFFE;
    private const uint VersionsSection = 0x6FFF_FFFF;
    private const int SectionHeaderLength = 64;
    private const int DynamicEntryLength = 16;
    private const int SymbolLength = 24;
    private const ulong NeededTag = 1;
    private const ushort WeakVersion = 2;
    private const byte WeakBinding = 2 << 4;
    private const ushort FirstVersion = 2;
    private const ushort VersionMask = 0x7FFF;

    /// <summary>Cuts.</summary>
    /// <param name="program">The program; changed in place.</param>
    /// <param name="keeps">Says whether a library stays.</param>
    /// <param name="kept">The libraries that stay.</param>
    /// <returns>The program.</returns>
    /// <exception cref="GuestPartsException">It is no dynamically linked 64-bit program.</exception>
    internal static byte[] Cut(byte[] program, Func<string, bool> keeps, out IReadOnlyList<string> kept)
    {
        try
        {
            kept = CutNeeded(program, keeps);
            CutSymbols(program, CutVersions(program, keeps));
            return program;
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or OverflowException)
        {
            throw new GuestPartsException("a program that was fetched is not whole: remove its package's folder and try again");
        }
    }

    private static List<string> CutNeeded(byte[] program, Func<string, bool> keeps)
    {
        (Range place, int names) = Find(program, DynamicSection);
        Span<byte> entries = program.AsSpan(place);
        List<string> kept = [];
        int end = 0;
        for (int from = 0; from < entries.Length; from += DynamicEntryLength)
        {
            Span<byte> entry = entries.Slice(from, DynamicEntryLength);
            if (BinaryPrimitives.ReadUInt64LittleEndian(entry) == NeededTag)
            {
                string name = Name(program, names, BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
                if (!keeps(name))
                {
                    continue;
                }

                kept.Add(name);
            }

            entry.CopyTo(entries[end..]);
            end += DynamicEntryLength;
        }

        entries[end..].Clear();
        return kept;
    }

    // The loader looks for each named version in the library that it is said to be of. One of a library that is gone is
    // said to be of another that stays, and weak, for then nothing is missed.
    private static HashSet<ushort> CutVersions(byte[] program, Func<string, bool> keeps)
    {
        (Range place, int names) = Find(program, VersionNeedsSection);
        Span<byte> needs = program.AsSpan(place);
        uint stand = 0;
        List<int> gone = [];
        for (int at = 0, next = -1; next != 0; at += next)
        {
            uint file = BinaryPrimitives.ReadUInt32LittleEndian(needs[(at + 4)..]);
            if (keeps(Name(program, names, file)))
            {
                stand = file;
            }
            else
            {
                gone.Add(at);
            }

            next = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(needs[(at + 12)..]));
        }

        HashSet<ushort> versions = [];
        foreach (int at in gone)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(needs[(at + 4)..], stand);
            int version = at + checked((int)BinaryPrimitives.ReadUInt32LittleEndian(needs[(at + 8)..]));
            for (int count = BinaryPrimitives.ReadUInt16LittleEndian(needs[(at + 2)..]); count > 0; count--)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(needs[(version + 4)..], WeakVersion);
                versions.Add(BinaryPrimitives.ReadUInt16LittleEndian(needs[(version + 6)..]));
                version += checked((int)BinaryPrimitives.ReadUInt32LittleEndian(needs[(version + 12)..]));
            }
        }

        return versions;
    }

    // Symbols that a library should bring: of a version that is gone, or of none, as libraries without versions have them.
    private static void CutSymbols(byte[] program, HashSet<ushort> gone)
    {
        Span<byte> symbols = program.AsSpan(Find(program, SymbolSection).Place);
        ReadOnlySpan<byte> versions = program.AsSpan(Find(program, VersionsSection).Place);
        for (int i = 1; i < symbols.Length / SymbolLength; i++)
        {
            Span<byte> symbol = symbols.Slice(i * SymbolLength, SymbolLength);
            int version = BinaryPrimitives.ReadUInt16LittleEndian(versions[(2 * i)..]) & VersionMask;
            bool undefined = BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]) == 0;
            if (undefined && (version < FirstVersion || gone.Contains((ushort)version)))
            {
                symbol[4] = (byte)(WeakBinding | (symbol[4] & 0xF));
            }
        }
    }

    private static (Range Place, int Names) Find(ReadOnlySpan<byte> program, uint type)
    {
        int count = program.StartsWith("\u007fELF\u0002"u8) ? BinaryPrimitives.ReadUInt16LittleEndian(program[60..]) : 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = Header(program, i);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) == type)
            {
                int names = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(header[40..]));
                return (Place(header), names);
            }
        }

        throw new GuestPartsException("a program that was fetched is no dynamically linked one: give another package source");
    }

    private static ReadOnlySpan<byte> Header(ReadOnlySpan<byte> program, int section) =>
        program.Slice(checked((int)BinaryPrimitives.ReadUInt64LittleEndian(program[40..]) + (section * SectionHeaderLength)), SectionHeaderLength);

    private static Range Place(ReadOnlySpan<byte> header)
    {
        int offset = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]));
        return offset..checked(offset + (int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
    }

    private static string Name(ReadOnlySpan<byte> program, int table, ulong offset)
    {
        ReadOnlySpan<byte> name = program[Place(Header(program, table))][checked((int)offset)..];
        return Encoding.ASCII.GetString(name[..Math.Max(name.IndexOf((byte)0), 0)]);
    }
}
