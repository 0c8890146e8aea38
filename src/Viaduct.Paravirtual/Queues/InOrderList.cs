namespace Viaduct.Paravirtual.Queues;

/// <summary>
/// Holds chains back until all that were taken before them are done, for VIRTIO_F_IN_ORDER (virtio 1.2, 2.7.9 and
/// 2.8.18). Each is returned by itself; no batch is announced by its last one.
/// </summary>
internal sealed class InOrderList
{
    private readonly Entry[] _entries;
    private int _first;
    private int _count;

    /// <param name="size">The most chains that can be out.</param>
    internal InOrderList(int size) => _entries = new Entry[size];

    /// <summary>Takes note of a chain that was taken.</summary>
    internal ChainToken Add(ChainToken token)
    {
        int place = (_first + _count) % _entries.Length;
        _entries[place] = default;
        _count++;
        return token with { Order = (ushort)place };
    }

    internal void Finish(ChainToken token, uint written) => _entries[token.Order] = new Entry(token, written, true);

    /// <summary>Takes chains off the list if they are the next ones. False when others are before them; then nothing is changed.</summary>
    internal bool TryFinishAll(ReadOnlySpan<ChainToken> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if (i >= _count || tokens[i].Order != (_first + i) % _entries.Length)
            {
                return false;
            }
        }

        _first = (_first + tokens.Length) % _entries.Length;
        _count -= tokens.Length;
        return true;
    }

    /// <summary>The next chain to return, if it is done.</summary>
    internal bool TryNext(out ChainToken token, out uint written)
    {
        (token, written, bool done) = _entries[_first];
        if (_count == 0 || !done)
        {
            return false;
        }

        _first = (_first + 1) % _entries.Length;
        _count--;
        return true;
    }

    private readonly record struct Entry(ChainToken Token, uint Written, bool Done);
}
