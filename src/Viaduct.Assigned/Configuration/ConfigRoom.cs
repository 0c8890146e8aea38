namespace Viaduct.Assigned.Configuration;

/// <summary>Hands out places in configuration space, the device's own where they are free.</summary>
internal sealed class ConfigRoom
{
    private readonly bool[] _taken;
    private readonly int _start;

    internal ConfigRoom(int start, int end)
    {
        _start = start;
        _taken = new bool[(end - start) / 4];
    }

    /// <summary>Takes a place for some bytes: the one that is preferred, or else the first that is free.</summary>
    internal bool TryTake(int preferred, int length, out int offset)
    {
        offset = preferred;
        if (TryTake(preferred, length))
        {
            return true;
        }

        for (offset = _start; offset < _start + (_taken.Length * 4); offset += 4)
        {
            if (TryTake(offset, length))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryTake(int offset, int length)
    {
        int first = (offset - _start) / 4;
        int count = (length + 3) / 4;
        if (first < 0 || first + count > _taken.Length || _taken.AsSpan(first, count).Contains(true))
        {
            return false;
        }

        _taken.AsSpan(first, count).Fill(true);
        return true;
    }
}
