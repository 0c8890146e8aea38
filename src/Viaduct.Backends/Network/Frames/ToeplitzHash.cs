namespace Viaduct.Backends.Network.Frames;

/// <summary>
/// The Toeplitz hash by which cards spread flows over queues (virtio 1.2, 5.1.6.4.3; the 82576's RSSRK). The key is
/// worked into a table once, so that a hash is a look-up a byte.
/// </summary>
public sealed class ToeplitzHash
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = 40;

    /// <summary>The longest input: two IPv6 addresses and two ports.</summary>
    public const int MaximumInput = 36;

    private readonly uint[] _table = new uint[MaximumInput * 256];

    /// <param name="key"><see cref="KeyLength"/> bytes.</param>
    public ToeplitzHash(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength, nameof(key));
        for (int place = 0; place < MaximumInput; place++)
        {
            for (int value = 0; value < 256; value++)
            {
                _table[(place * 256) + value] = Of(key, place, value);
            }
        }
    }

    /// <summary>Hashes up to <see cref="MaximumInput"/> bytes, as they stand in the frame.</summary>
    public uint Compute(ReadOnlySpan<byte> input)
    {
        uint hash = 0;
        for (int i = 0; i < input.Length; i++)
        {
            hash ^= _table[(i * 256) + input[i]];
        }

        return hash;
    }

    private static uint Of(ReadOnlySpan<byte> key, int place, int value)
    {
        // The 32 bits of the key from each of the byte's bits on, and the byte behind them to shift in.
        ulong window = ((ulong)key[place] << 32) | ((ulong)key[place + 1] << 24) | ((ulong)key[place + 2] << 16)
            | ((ulong)key[place + 3] << 8) | key[place + 4];
        uint hash = 0;
        for (int bit = 0; bit < 8; bit++)
        {
            if ((value & (0x80 >> bit)) != 0)
            {
                hash ^= (uint)(window >> (8 - bit));
            }
        }

        return hash;
    }
}
