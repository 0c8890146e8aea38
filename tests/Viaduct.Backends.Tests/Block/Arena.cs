using System.Runtime.InteropServices;

namespace Viaduct.Backends.Tests.Block;

/// <summary>Page-aligned native bytes, as guest memory is.</summary>
internal sealed unsafe class Arena(int length) : IDisposable
{
    internal byte* Pointer { get; } = (byte*)NativeMemory.AlignedAlloc((nuint)length, 4096);

    internal Span<byte> Span => new(Pointer, length);

    public void Dispose() => NativeMemory.AlignedFree(Pointer);
}
