using Viaduct.Platform.State;

namespace Viaduct.Emulated.Serial;

/// <summary>Received characters in order, each with the line-status errors that came with it; of fixed size. The port's lock guards it.</summary>
internal sealed class CharacterQueue
{
    private readonly ushort[] _characters;
    private int _head;

    internal CharacterQueue(int capacity) => _characters = new ushort[capacity];

    internal int Count { get; private set; }

    internal int Free => _characters.Length - Count;

    /// <summary>The errors of the next character; 0 when there is none.</summary>
    internal byte NextErrors => Count == 0 ? (byte)0 : (byte)(_characters[_head] >> 8);

    internal bool HasErrors
    {
        get
        {
            for (int i = 0; i < Count; i++)
            {
                if (_characters[(_head + i) % _characters.Length] > 0xFF)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>False, and nothing taken, when it is full.</summary>
    internal bool TryAdd(ushort character)
    {
        if (Free == 0)
        {
            return false;
        }

        _characters[(_head + Count) % _characters.Length] = character;
        Count++;
        return true;
    }

    /// <summary>Takes the next character; there must be one.</summary>
    internal ushort Take()
    {
        ushort character = _characters[_head];
        _head = (_head + 1) % _characters.Length;
        Count--;
        return character;
    }

    /// <summary>Forgets the errors of the next character, which have been reported.</summary>
    internal void ClearNextErrors()
    {
        if (Count != 0)
        {
            _characters[_head] &= 0xFF;
        }
    }

    internal void Clear() => Count = 0;

    internal void Save(StateWriter writer)
    {
        writer.Int32(Count);
        for (int i = 0; i < Count; i++)
        {
            writer.Int32(_characters[(_head + i) % _characters.Length]);
        }
    }

    internal void Restore(StateReader reader)
    {
        int count = reader.Int32(0, _characters.Length);
        (_head, Count) = (0, 0);
        for (int i = 0; i < count; i++)
        {
            _ = TryAdd((ushort)reader.Int32(0, ushort.MaxValue));
        }
    }
}
