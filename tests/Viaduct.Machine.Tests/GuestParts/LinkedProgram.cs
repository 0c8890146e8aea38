using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.Tests.GuestParts;

/// <summary>Writes a dynamically linked program as far as the dynamic linker's tables go, and reads them again.</summary>
internal sealed class LinkedProgram
{
    private const int Strings = 64;
    private const int Dynamic = 512;
    private const int Symbols = 1024;
    private const int Versions = 2048;
    private const int Needs = 2304;
    private const int Table = 3072;
    private const int Length = Table + (6 * 64);

    private readonly List<string> _libraries = [];
    private readonly List<(string Name, int Library, bool Defined)> _symbols = [];

    /// <summary>Needs a library.</summary>
    internal LinkedProgram Needing(string library)
    {
        _libraries.Add(library);
        return this;
    }

    /// <summary>Has a symbol: defined, of a library's version, or undefined of none.</summary>
    internal LinkedProgram With(string symbol, string? library = null, bool defined = false)
    {
        _symbols.Add((symbol, library is null ? -1 : _libraries.IndexOf(library), defined));
        return this;
    }

    internal byte[] Build()
    {
        byte[] file = new byte[Length];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(file);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(40), Table);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(60), 6);
        Section(file, 1, 3, Strings, Dynamic - Strings);
        Section(file, 2, 6, Dynamic, 16 * (_libraries.Count + 2));
        Section(file, 3, 11, Symbols, 24 * (_symbols.Count + 1));
        Section(file, 4, 0x6FFFFFFF, Versions, 2 * (_symbols.Count + 1));
        Section(file, 5, 0x6FFFFFFE, Needs, 32 * _libraries.Count);
        int name = Strings + 1;
        for (int i = 0; i < _libraries.Count; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(Dynamic + (16 * i)), 1);
            BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(Dynamic + (16 * i) + 8), name - Strings);
            Span<byte> need = file.AsSpan(Needs + (32 * i), 32);
            need[0] = 1;
            need[2] = 1;
            BinaryPrimitives.WriteInt32LittleEndian(need[4..], name - Strings);
            need[8] = 16;
            need[12] = (byte)(i == _libraries.Count - 1 ? 0 : 32);
            need[22] = (byte)(i + 2);
            name += Encoding.ASCII.GetBytes(_libraries[i], file.AsSpan(name)) + 1;
        }

        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(Dynamic + (16 * _libraries.Count)), 0x15);
        for (int i = 0; i < _symbols.Count; i++)
        {
            Span<byte> symbol = file.AsSpan(Symbols + (24 * (i + 1)), 24);
            BinaryPrimitives.WriteInt32LittleEndian(symbol, name - Strings);
            symbol[4] = 0x12;
            symbol[6] = (byte)(_symbols[i].Defined ? 7 : 0);
            file[Versions + (2 * (i + 1))] = (byte)(_symbols[i].Library < 0 ? 1 : _symbols[i].Library + 2);
            name += Encoding.ASCII.GetBytes(_symbols[i].Name, file.AsSpan(name)) + 1;
        }

        return file;
    }

    /// <summary>The libraries that a program needs, and whether what else its dynamic section says stands behind them.</summary>
    internal static (List<string> Libraries, bool Whole) NeededBy(byte[] file)
    {
        List<string> names = [];
        int at = Dynamic;
        for (; file[at] == 1; at += 16)
        {
            names.Add(Text(file, file[at + 8]));
        }

        return (names, file[at] == 0x15 && file[at + 16] == 0);
    }

    /// <summary>The libraries in which versions are looked for, and whether each may be missing.</summary>
    internal static List<(string Library, bool Weak)> VersionsOf(byte[] file)
    {
        List<(string, bool)> versions = [];
        for (int at = Needs; ; at += file[at + 12])
        {
            versions.Add((Text(file, file[at + 4]), (file[at + 20] & 2) != 0));
            if (file[at + 12] == 0)
            {
                return versions;
            }
        }
    }

    /// <summary>The symbols that may be missing.</summary>
    internal IEnumerable<string> WeakIn(byte[] file) => _symbols.Select(symbol => symbol.Name).Where((_, i) => file[Symbols + (24 * (i + 1)) + 4] == 0x22);

    private static void Section(byte[] file, int index, int type, int offset, int length)
    {
        Span<byte> header = file.AsSpan(Table + (64 * index), 64);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], type);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], length);
        header[40] = 1;
    }

    private static string Text(byte[] file, int offset)
    {
        ReadOnlySpan<byte> text = file.AsSpan(Strings + offset);
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }
}
