using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Network.Frames;

/// <summary>Room for one frame outside of managed memory, so that its bytes can be a <see cref="HostSegment"/>.</summary>
public sealed unsafe class FrameBuffer : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <param name="capacity">Bytes; enough for any frame by default.</param>
    public FrameBuffer(int capacity = FrameLimits.MaximumLength)
        : base(ownsHandle: true)
    {
        Capacity = capacity;
        SetHandle((nint)NativeMemory.AllocZeroed((nuint)capacity));
    }

    /// <summary>Bytes.</summary>
    public int Capacity { get; }

    /// <summary>All of it; while this isn't disposed.</summary>
    public Span<byte> Span => new((void*)handle, Capacity);

    /// <summary>A part of it for the kernel or a back-end.</summary>
    public HostSegment Segment(int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Capacity - offset);
        return new HostSegment((byte*)handle + offset, (nuint)length);
    }

    /// <summary>Copies the bytes of segments to its beginning.</summary>
    /// <returns>How many; what is over its capacity is left out.</returns>
    public int Gather(ReadOnlySpan<HostSegment> segments)
    {
        int count = 0;
        foreach (ref readonly HostSegment segment in segments)
        {
            int part = (int)Math.Min(segment.Length, (nuint)(Capacity - count));
            new ReadOnlySpan<byte>(segment.Address, part).CopyTo(Span[count..]);
            count += part;
        }

        return count;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
