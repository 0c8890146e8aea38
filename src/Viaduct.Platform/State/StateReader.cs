using System.Buffers.Binary;
using System.Text;

namespace Viaduct.Platform.State;

/// <summary>Reads the fields of a state's record. What comes from a file is not trusted: nothing is read past its end.</summary>
/// <param name="bytes">The record.</param>
public sealed class StateReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    /// <summary>Whether all has been read.</summary>
    public bool IsAtEnd => _rest.IsEmpty;

    /// <summary>Reads a truth value.</summary>
    public bool Boolean() => Bytes(1)[0] switch
    {
        0 => false,
        1 => true,
        byte other => throw new StateException($"{other} where there should be 0 or 1"),
    };

    /// <summary>Reads 8 bits.</summary>
    public byte Byte() => Bytes(1)[0];

    /// <summary>Reads 32 bits.</summary>
    public int Int32() => (int)UInt32();

    /// <summary>Reads 32 bits.</summary>
    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint)));

    /// <summary>Reads 64 bits.</summary>
    public long Int64() => (long)UInt64();

    /// <summary>Reads 64 bits.</summary>
    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong)));

    /// <summary>Reads a number within bounds.</summary>
    public int Int32(int least, int most)
    {
        int value = Int32();
        return value >= least && value <= most ? value : throw new StateException($"{value} where there should be {least} to {most}");
    }

    /// <summary>Reads words.</summary>
    public void Words(Span<uint> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = UInt32();
        }
    }

    /// <summary>Reads bytes.</summary>
    public ReadOnlySpan<byte> Bytes(int count)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            throw new StateException("the state ends before it should");
        }

        ReadOnlyMemory<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken.Span;
    }

    /// <summary>Reads a text.</summary>
    public string Text()
    {
        const int Longest = 256;
        return Encoding.UTF8.GetString(Bytes(Int32(0, Longest)));
    }

    /// <summary>Restores a part from the record that comes next.</summary>
    /// <exception cref="StateException">It is another part's, of a later version, or longer than what the part reads.</exception>
    public void Record(ISavable part)
    {
        string name = Text();
        int version = Int32();
        int length = Int32(0, int.MaxValue);
        if (name != part.StateName || version < 1 || version > part.StateVersion)
        {
            throw new StateException($"a state of '{name}', version {version}, where there should be one of '{part.StateName}', version {part.StateVersion} at most");
        }

        StateReader body = new(Bytes(length).ToArray());
        part.Restore(body, version);
        if (!body.IsAtEnd)
        {
            throw new StateException($"the state of '{name}' is longer than it should be");
        }
    }
}
