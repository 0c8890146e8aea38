using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>An op of an instruction that crosses pages, with the bytes that it was made of: the second page can change, or be another, unnoticed.</summary>
internal readonly struct CrossPageOp
{
    private readonly Bytes _bytes;
    private readonly int _length;

    internal CrossPageOp(ReadOnlySpan<byte> bytes, int index)
    {
        bytes.CopyTo(_bytes);
        _length = bytes.Length;
        Index = index;
    }

    /// <summary>The op's index in the arena.</summary>
    internal int Index { get; }

    /// <summary>Whether memory now begins with the same bytes.</summary>
    internal bool Matches(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= _length && bytes[.._length].SequenceEqual(((ReadOnlySpan<byte>)_bytes)[.._length]);

    [InlineArray(16)]
    private struct Bytes
    {
        private byte _first;
    }
}
