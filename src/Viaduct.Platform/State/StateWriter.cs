using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Platform.State;

/// <summary>Writes the fields of a state's record, little-endian, one after the other.</summary>
public sealed class StateWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>What was written.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    /// <summary>Writes a truth value as a byte.</summary>
    public void Boolean(bool value) => Bytes([value ? (byte)1 : (byte)0]);

    /// <summary>Writes 8 bits.</summary>
    public void Byte(byte value) => Bytes([value]);

    /// <summary>Writes 32 bits.</summary>
    public void Int32(int value) => UInt32((uint)value);

    /// <summary>Writes 32 bits.</summary>
    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(sizeof(uint)), value);
        _bytes.Advance(sizeof(uint));
    }

    /// <summary>Writes 64 bits.</summary>
    public void Int64(long value) => UInt64((ulong)value);

    /// <summary>Writes 64 bits.</summary>
    public void UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(sizeof(ulong)), value);
        _bytes.Advance(sizeof(ulong));
    }

    /// <summary>Writes bytes as they are; their number must be known to the reader.</summary>
    public void Bytes(ReadOnlySpan<byte> value) => _bytes.Write(value);

    /// <summary>Writes words; their number must be known to the reader.</summary>
    public void Words(ReadOnlySpan<uint> values)
    {
        foreach (uint value in values)
        {
            UInt32(value);
        }
    }

    /// <summary>Writes a text with its length.</summary>
    public void Text(string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        Int32(bytes.Length);
        Bytes(bytes);
    }

    /// <summary>Writes a part's record: its name, its version, the record's length, the record.</summary>
    public void Record(ISavable part)
    {
        StateWriter body = new();
        part.Save(body);
        Text(part.StateName);
        Int32(part.StateVersion);
        Int32(body.Written.Length);
        Bytes(body.Written.Span);
    }
}
