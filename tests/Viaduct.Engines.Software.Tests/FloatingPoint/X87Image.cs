using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>What goes into and comes out of one x87 instruction on the host: FNSAVE images, a memory operand, RFLAGS, RAX.</summary>
[StructLayout(LayoutKind.Explicit, Size = 512)]
internal unsafe struct X87Image
{
    public const int StateSize = 108;

    [FieldOffset(0)]
    public fixed byte Before[StateSize];

    [FieldOffset(128)]
    public fixed byte After[StateSize];

    [FieldOffset(256)]
    public fixed byte Memory[128];

    [FieldOffset(384)]
    public ulong Flags;

    [FieldOffset(392)]
    public ulong Rax;
}
