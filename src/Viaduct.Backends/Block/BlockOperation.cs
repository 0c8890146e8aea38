namespace Viaduct.Backends.Block;

/// <summary>What a request asks of a back-end.</summary>
public enum BlockOperation : byte
{
    /// <summary>Bytes from the disk into the segments.</summary>
    Read,

    /// <summary>Bytes from the segments to the disk.</summary>
    Write,

    /// <summary>Makes all writes that completed before it durable.</summary>
    Flush,

    /// <summary>Gives the range's space back; what it reads as afterwards is zeroes or the old bytes.</summary>
    Discard,

    /// <summary>Makes the range read as zeroes; keeps the space allocated.</summary>
    WriteZeroes,

    /// <summary>Makes the range read as zeroes; gives the space back where it can.</summary>
    WriteZeroesUnmap,
}
