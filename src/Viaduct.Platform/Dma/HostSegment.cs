using System.Runtime.InteropServices;

namespace Viaduct.Platform.Dma;

/// <summary>Contiguous bytes in this process; laid out as C's <c>struct iovec</c>, so that arrays of it go to the kernel as they are.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct HostSegment(void* address, nuint length)
{
    /// <summary>The first byte.</summary>
    public readonly void* Address = address;

    /// <summary>Bytes.</summary>
    public readonly nuint Length = length;

    /// <summary>The bytes themselves.</summary>
    public Span<byte> Span => new(Address, checked((int)Length));
}
