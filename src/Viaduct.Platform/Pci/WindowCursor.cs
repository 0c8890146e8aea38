namespace Viaduct.Platform.Pci;

/// <summary>Hands out addresses of a window from its start to its end.</summary>
internal sealed class WindowCursor
{
    private readonly ulong _end;
    private ulong _next;

    internal WindowCursor(ulong start, ulong length)
    {
        _next = start;
        _end = start + length;
    }

    /// <summary>The next multiple of <paramref name="alignment"/>, from which on nothing is handed out yet.</summary>
    internal ulong Align(ulong alignment) => _next = Math.Min((_next + (alignment - 1)) & ~(alignment - 1), _end);

    /// <summary>Takes bytes at a multiple of a power of two. False when the window has no room; it stays as it was.</summary>
    internal bool TryTake(ulong size, ulong alignment, out ulong address)
    {
        address = (_next + (alignment - 1)) & ~(alignment - 1);
        if (address < _next || address > _end || _end - address < size)
        {
            return false;
        }

        _next = address + size;
        return true;
    }
}
