using Viaduct.Backends.Network.Frames;

namespace Viaduct.Backends.Network;

/// <summary>A frame that came in.</summary>
public readonly ref struct ReceivedFrame
{
    /// <param name="bytes">The frame.</param>
    /// <param name="offload">What is left to the receiver.</param>
    public ReceivedFrame(ReadOnlySpan<byte> bytes, OffloadHeader offload)
    {
        Bytes = bytes;
        Offload = offload;
    }

    /// <summary>The frame, from the destination address on.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>What is left to the receiver, within what the device accepts.</summary>
    public OffloadHeader Offload { get; }
}
