using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Registers around one SSE or MMX instruction, in the layout that the host code of the tests uses.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal struct SseContext
{
    [FieldOffset(0)]
    public uint Mxcsr;

    [FieldOffset(8)]
    public ulong Gpr;

    [FieldOffset(16)]
    public Vector128<byte> A;

    [FieldOffset(32)]
    public Vector128<byte> B;

    [FieldOffset(48)]
    public ulong Flags;

    [FieldOffset(56)]
    public ulong MmxA;

    [FieldOffset(64)]
    public ulong MmxB;

    [FieldOffset(72)]
    public uint HostMxcsr;
}
