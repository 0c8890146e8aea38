using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Machine.Tests.Acpi;

/// <summary>
/// Reads the declarations of a definition block back, from the grammar of ACPI 6.5, 20.2, on its own: names with
/// integers, strings, buffers and packages, methods as bytes, devices and scopes.
/// </summary>
internal sealed class AmlReader
{
    private readonly byte[] _aml;
    private int _at;

    private AmlReader(byte[] aml) => _aml = aml;

    /// <summary>Objects by path: <see cref="ulong"/>, <see cref="string"/>, <see cref="byte"/>[] or <see cref="object"/>[].</summary>
    public Dictionary<string, object> Objects { get; } = [];

    public static Dictionary<string, object> Read(byte[] aml)
    {
        AmlReader reader = new(aml);
        reader.Declarations("", aml.Length);
        return reader.Objects;
    }

    private void Declarations(string scope, int end)
    {
        while (_at < end)
        {
            byte opcode = _aml[_at++];
            opcode = opcode == 0x5B ? _aml[_at++] : opcode;
            switch (opcode)
            {
                case 0x08:
                    string name = Name(scope);
                    Objects.Add(name, Datum());
                    break;
                case 0x10 or 0x82:
                    int close = PackageEnd();
                    Declarations(Name(scope), close);
                    break;
                case 0x14:
                    int last = PackageEnd();
                    Objects.Add(Name(scope), _aml[_at..last]);
                    _at = last;
                    break;
                default:
                    throw new InvalidDataException($"opcode {opcode:x} at {_at}");
            }
        }

        if (_at != end)
        {
            throw new InvalidDataException($"a package ends at {end} and what is in it at {_at}");
        }
    }

    private object Datum()
    {
        byte prefix = _aml[_at++];
        switch (prefix)
        {
            case 0x00 or 0x01:
                return (ulong)prefix;
            case 0xFF:
                return ulong.MaxValue;
            case 0x0A:
                return (ulong)_aml[_at++];
            case 0x0B:
                _at += 2;
                return (ulong)BinaryPrimitives.ReadUInt16LittleEndian(_aml.AsSpan(_at - 2));
            case 0x0C:
                _at += 4;
                return (ulong)BinaryPrimitives.ReadUInt32LittleEndian(_aml.AsSpan(_at - 4));
            case 0x0E:
                _at += 8;
                return BinaryPrimitives.ReadUInt64LittleEndian(_aml.AsSpan(_at - 8));
            case 0x0D:
                int start = _at;
                _at = Array.IndexOf(_aml, (byte)0, _at) + 1;
                return Encoding.ASCII.GetString(_aml, start, _at - 1 - start);
            case 0x11:
                int end = PackageEnd();
                ulong length = (ulong)Datum();
                byte[] bytes = _aml[_at..end];
                _at = end;
                return (ulong)bytes.Length == length ? bytes : throw new InvalidDataException("a buffer's size");
            case 0x12:
                return Package();
            default:
                throw new InvalidDataException($"datum {prefix:x} at {_at}");
        }
    }

    private object[] Package()
    {
        int end = PackageEnd();
        object[] elements = new object[_aml[_at++]];
        for (int i = 0; i < elements.Length; i++)
        {
            elements[i] = Datum();
        }

        return _at == end ? elements : throw new InvalidDataException("a package's size");
    }

    private int PackageEnd()
    {
        int start = _at;
        byte lead = _aml[_at++];
        int length = lead >> 6 == 0 ? lead & 0x3F : lead & 0xF;
        for (int i = 0; i < lead >> 6; i++)
        {
            length |= _aml[_at++] << (4 + (8 * i));
        }

        return start + length;
    }

    private string Name(string scope)
    {
        bool root = _aml[_at] == '\\';
        _at += root ? 1 : 0;
        string name = Encoding.ASCII.GetString(_aml, _at, 4).TrimEnd('_');
        _at += 4;
        return root || scope.Length == 0 ? name : $"{scope}.{name}";
    }
}
