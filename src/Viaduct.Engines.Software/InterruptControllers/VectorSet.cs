using System.Numerics;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>256 bits, one a vector, laid out as the IRR, ISR and TMR: eight 32-bit words. Single bits change atomically.</summary>
internal sealed class VectorSet
{
    private readonly uint[] _words = new uint[8];

    public uint Word(int index) => Volatile.Read(ref _words[index]);

    public bool Contains(int vector) => (Volatile.Read(ref _words[vector >> 5]) & Bit(vector)) != 0;

    /// <summary>True when the bit was clear.</summary>
    public bool Add(int vector) => (Interlocked.Or(ref _words[vector >> 5], Bit(vector)) & Bit(vector)) == 0;

    public void Remove(int vector) => Interlocked.And(ref _words[vector >> 5], ~Bit(vector));

    /// <summary>The highest vector in it, −1 when empty.</summary>
    public int Highest()
    {
        for (int i = 7; i >= 0; i--)
        {
            uint word = Volatile.Read(ref _words[i]);
            if (word != 0)
            {
                return (i * 32) + BitOperations.Log2(word);
            }
        }

        return -1;
    }

    public void Clear()
    {
        for (int i = 0; i < _words.Length; i++)
        {
            Volatile.Write(ref _words[i], 0);
        }
    }

    public void Save(StateWriter writer) => writer.Words(_words);

    public void Restore(StateReader reader) => reader.Words(_words);

    private static uint Bit(int vector) => 1u << (vector & 31);
}
