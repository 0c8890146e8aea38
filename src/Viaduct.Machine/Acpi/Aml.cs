using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.Acpi;

/// <summary>
/// Writes AML (ACPI 6.5, 20.2) as expressions that read like ASL: each method gives the encoding of one term, and
/// terms nest. Names are checked, lengths are worked out.
/// </summary>
public static class Aml
{
    /// <summary>An argument of the method, 0 to 6.</summary>
    public static AmlTerm Argument(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)index, 6u, nameof(index));
        return new([(byte)(AmlOpcodes.Arg0 + index)]);
    }

    /// <summary>A local variable of the method, 0 to 7.</summary>
    public static AmlTerm Local(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)index, 7u, nameof(index));
        return new([(byte)(AmlOpcodes.Local0 + index)]);
    }

    /// <summary>An integer in its shortest encoding.</summary>
    public static AmlTerm Integer(ulong value)
    {
        switch (value)
        {
            case 0:
                return new([AmlOpcodes.Zero]);
            case 1:
                return new([AmlOpcodes.One]);
            case ulong.MaxValue:
                return new([AmlOpcodes.Ones]);
            case <= byte.MaxValue:
                return new([AmlOpcodes.BytePrefix, (byte)value]);
            case <= ushort.MaxValue:
                byte[] word = [AmlOpcodes.WordPrefix, 0, 0];
                BinaryPrimitives.WriteUInt16LittleEndian(word.AsSpan(1), (ushort)value);
                return new(word);
            case <= uint.MaxValue:
                byte[] dword = [AmlOpcodes.DWordPrefix, 0, 0, 0, 0];
                BinaryPrimitives.WriteUInt32LittleEndian(dword.AsSpan(1), (uint)value);
                return new(dword);
            default:
                byte[] qword = [AmlOpcodes.QWordPrefix, 0, 0, 0, 0, 0, 0, 0, 0];
                BinaryPrimitives.WriteUInt64LittleEndian(qword.AsSpan(1), value);
                return new(qword);
        }
    }

    /// <summary>A string of ASCII without NUL.</summary>
    public static AmlTerm String(string value)
    {
        if (!Ascii.IsValid(value) || value.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("an AML string is ASCII without NUL", nameof(value));
        }

        return new([AmlOpcodes.StringPrefix, .. Encoding.ASCII.GetBytes(value), 0]);
    }

    /// <summary>A compressed identifier such as <c>PNP0A08</c>: three capitals and four hexadecimal digits (19.3.4).</summary>
    public static AmlTerm EisaId(string id)
    {
        if (id.Length != 7 || id.AsSpan(0, 3).ContainsAnyExceptInRange('A', 'Z') || !id.AsSpan(3).ContainsOnlyHexDigits())
        {
            throw new ArgumentException("an EISA id is three capitals and four hexadecimal digits", nameof(id));
        }

        uint vendor = (uint)(((id[0] & 0x1F) << 10) | ((id[1] & 0x1F) << 5) | (id[2] & 0x1F));
        uint product = Convert.ToUInt32(id[3..], 16);
        return Integer(BinaryPrimitives.ReverseEndianness((vendor << 16) | product));
    }

    /// <summary>A buffer with these bytes.</summary>
    public static AmlTerm Buffer(ReadOnlySpan<byte> bytes) =>
        Packaged([AmlOpcodes.Buffer], [.. Integer((ulong)bytes.Length).Bytes, .. bytes]);

    /// <summary>A UUID as a buffer, in the byte order of ToUUID (19.6).</summary>
    public static AmlTerm Uuid(Guid uuid) => Buffer(uuid.ToByteArray());

    /// <summary>A package of at most 255 elements.</summary>
    public static AmlTerm Package(params ReadOnlySpan<AmlTerm> elements)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elements.Length, byte.MaxValue, nameof(elements));
        return Packaged([AmlOpcodes.Package], [(byte)elements.Length, .. Join(elements)]);
    }

    /// <summary>A buffer of resource descriptors, closed by an end tag.</summary>
    public static AmlTerm ResourceTemplate(params ReadOnlySpan<AmlResource> resources)
    {
        List<byte> bytes = [];
        foreach (AmlResource resource in resources)
        {
            bytes.AddRange(resource.Bytes);
        }

        bytes.AddRange(AmlResource.EndTag);
        return Buffer(bytes.ToArray());
    }

    /// <summary>The object of that name.</summary>
    public static AmlTerm Reference(string path) => new(NameString(path));

    /// <summary>Declares a named object.</summary>
    public static AmlTerm Name(string path, AmlTerm value) => new([AmlOpcodes.Name, .. NameString(path), .. value.Bytes]);

    /// <summary>Opens an existing scope.</summary>
    public static AmlTerm Scope(string path, params ReadOnlySpan<AmlTerm> body) =>
        Packaged([AmlOpcodes.Scope], [.. NameString(path), .. Join(body)]);

    /// <summary>Declares a device.</summary>
    public static AmlTerm Device(string path, params ReadOnlySpan<AmlTerm> body) =>
        Packaged([AmlOpcodes.ExtendedPrefix, AmlOpcodes.ExtendedDevice], [.. NameString(path), .. Join(body)]);

    /// <summary>Declares a control method, which only one thread runs at a time.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="arguments">How many it takes, 0 to 7.</param>
    /// <param name="body">Its statements.</param>
    public static AmlTerm Method(string path, int arguments, params ReadOnlySpan<AmlTerm> body)
    {
        const byte Serialized = 1 << 3;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)arguments, 7u, nameof(arguments));
        return Packaged([AmlOpcodes.Method], [.. NameString(path), (byte)(arguments | Serialized), .. Join(body)]);
    }

    /// <summary>Makes a name for four bytes of a buffer.</summary>
    public static AmlTerm CreateDWordField(AmlTerm buffer, ulong offset, string path) =>
        new([AmlOpcodes.CreateDWordField, .. buffer.Bytes, .. Integer(offset).Bytes, .. NameString(path)]);

    /// <summary>Stores a value.</summary>
    public static AmlTerm Store(AmlTerm value, AmlTerm target) => new([AmlOpcodes.Store, .. value.Bytes, .. target.Bytes]);

    /// <summary>Stores the bits that both have.</summary>
    public static AmlTerm And(AmlTerm left, AmlTerm right, AmlTerm target) =>
        new([AmlOpcodes.And, .. left.Bytes, .. right.Bytes, .. target.Bytes]);

    /// <summary>Stores the bits that either has.</summary>
    public static AmlTerm Or(AmlTerm left, AmlTerm right, AmlTerm target) =>
        new([AmlOpcodes.Or, .. left.Bytes, .. right.Bytes, .. target.Bytes]);

    /// <summary>Whether both are the same: integers, strings or buffers.</summary>
    public static AmlTerm Equal(AmlTerm left, AmlTerm right) => new([AmlOpcodes.LogicalEqual, .. left.Bytes, .. right.Bytes]);

    /// <summary>The opposite of a truth value.</summary>
    public static AmlTerm Not(AmlTerm value) => new([AmlOpcodes.LogicalNot, .. value.Bytes]);

    /// <summary>Statements for when it is true.</summary>
    public static AmlTerm If(AmlTerm condition, params ReadOnlySpan<AmlTerm> body) =>
        Packaged([AmlOpcodes.If], [.. condition.Bytes, .. Join(body)]);

    /// <summary>Statements for when the condition of the <see cref="If"/> just before it is not true.</summary>
    public static AmlTerm Else(params ReadOnlySpan<AmlTerm> body) => Packaged([AmlOpcodes.Else], Join(body));

    /// <summary>Ends the method with a value.</summary>
    public static AmlTerm Return(AmlTerm value) => new([AmlOpcodes.Return, .. value.Bytes]);

    private static byte[] Join(ReadOnlySpan<AmlTerm> terms)
    {
        List<byte> bytes = [];
        foreach (AmlTerm term in terms)
        {
            bytes.AddRange(term.Bytes);
        }

        return [.. bytes];
    }

    /// <summary>Puts an opcode and a PkgLength (20.2.4) before a body. The length counts its own bytes.</summary>
    private static AmlTerm Packaged(ReadOnlySpan<byte> opcode, ReadOnlySpan<byte> body)
    {
        int more = body.Length + 1 < 1 << 6 ? 0 : body.Length + 2 < 1 << 12 ? 1 : body.Length + 3 < 1 << 20 ? 2 : 3;
        int length = body.Length + 1 + more;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(length, 1 << 28, nameof(body));
        byte[] encoded = new byte[opcode.Length + length];
        opcode.CopyTo(encoded);
        Span<byte> after = encoded.AsSpan(opcode.Length);
        after[0] = (byte)(more == 0 ? length : (more << 6) | (length & 0xF));
        for (int i = 0; i < more; i++)
        {
            after[i + 1] = (byte)(length >> (4 + (8 * i)));
        }

        body.CopyTo(after[(1 + more)..]);
        return new(encoded);
    }

    /// <summary>Encodes a name such as <c>_HID</c>, <c>\_SB.PCI0</c> or <c>^COM1</c> (20.2.2); segments shorter than four are filled with underscores.</summary>
    private static byte[] NameString(string path)
    {
        List<byte> bytes = [];
        int prefix = 0;
        while (prefix < path.Length && path[prefix] is '\\' or '^')
        {
            bytes.Add(path[prefix++] == '\\' ? AmlOpcodes.RootPrefix : AmlOpcodes.ParentPrefix);
        }

        string[] segments = path.Length == prefix ? [] : path[prefix..].Split('.');
        switch (segments.Length)
        {
            case 0:
                bytes.Add(AmlOpcodes.Zero);
                break;
            case 1:
                break;
            case 2:
                bytes.Add(AmlOpcodes.DualNamePrefix);
                break;
            default:
                bytes.Add(AmlOpcodes.MultiNamePrefix);
                bytes.Add(checked((byte)segments.Length));
                break;
        }

        foreach (string segment in segments)
        {
            if (!IsSegment(segment))
            {
                throw new ArgumentException($"'{segment}' in '{path}' is not an AML name", nameof(path));
            }

            bytes.AddRange(Encoding.ASCII.GetBytes(segment.PadRight(4, '_')));
        }

        return [.. bytes];
    }

    private static bool IsSegment(string segment)
    {
        if (segment.Length is 0 or > 4 || char.IsAsciiDigit(segment[0]))
        {
            return false;
        }

        foreach (char character in segment)
        {
            if (character != '_' && !char.IsAsciiLetterUpper(character) && !char.IsAsciiDigit(character))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ContainsOnlyHexDigits(this ReadOnlySpan<char> text)
    {
        foreach (char character in text)
        {
            if (!char.IsAsciiHexDigit(character))
            {
                return false;
            }
        }

        return true;
    }
}
