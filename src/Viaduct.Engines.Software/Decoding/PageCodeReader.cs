using Iced.Intel;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>Feeds the decoder bytes from guest memory, up to the end of a page or of a buffer.</summary>
internal sealed unsafe class PageCodeReader : CodeReader
{
    private byte* _next;
    private byte* _end;

    /// <summary>Goes on at a byte.</summary>
    internal void Set(byte* start, int count)
    {
        _next = start;
        _end = start + count;
    }

    /// <inheritdoc/>
    public override int ReadByte() => _next < _end ? *_next++ : -1;
}
