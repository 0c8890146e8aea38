using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>What all processors together hold of one page of guest memory as decoded code.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WatchedPage
{
    /// <summary>Which runs of 64 bytes some processor has decoded, one bit each. Bits are set before the bytes are read for the last time.</summary>
    internal ulong Granules;

    /// <summary>The request to the other processors to give up their write tags that has to be heeded before code is kept.</summary>
    internal long Request;

    /// <summary>Which processors hold code of it, one bit each. Under <see cref="CodeWatch"/>'s lock.</summary>
    internal ulong Holders;
}
