using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// An x87 instruction, decoded: eight bytes, which convert to and from a <c>ulong</c> for storage in an op.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
public readonly record struct X87Operation
{
    private const byte StoresBit = 1;
    private const byte WaitsBit = 2;
    private const byte ToRegisterBit = 4;
    private const byte FlagsBit = 8;

    /// <summary>What to do.</summary>
    public X87Kind Kind { get; init; }

    /// <summary>The memory operand.</summary>
    public X87Format Format { get; init; }

    /// <summary>The ST(i) operand, or which constant.</summary>
    public byte Index { get; init; }

    /// <summary>How many times the stack is popped afterwards.</summary>
    public byte Pops { get; init; }

    /// <summary>Low three bits of the first opcode byte, then the second byte.</summary>
    public ushort Opcode { get; init; }

    /// <summary>FCMOVcc: B, E, BE, U, then their opposites.</summary>
    public byte Condition { get; init; }

    private byte Properties { get; init; }

    /// <summary>Whether the memory operand is written; if not, it is read.</summary>
    public bool Stores
    {
        get => (Properties & StoresBit) != 0;
        init => Properties = With(Properties, StoresBit, value);
    }

    /// <summary>Whether a pending exception stops it.</summary>
    public bool Waits
    {
        get => (Properties & WaitsBit) != 0;
        init => Properties = With(Properties, WaitsBit, value);
    }

    /// <summary>Whether the destination is ST(i), not ST(0).</summary>
    public bool ToRegister
    {
        get => (Properties & ToRegisterBit) != 0;
        init => Properties = With(Properties, ToRegisterBit, value);
    }

    /// <summary>Whether a comparison goes to RFLAGS (FCOMI, FCOMIP, FUCOMI, FUCOMIP).</summary>
    public bool WritesFlags
    {
        get => (Properties & FlagsBit) != 0;
        init => Properties = With(Properties, FlagsBit, value);
    }

    /// <summary>Whether RFLAGS decide (FCMOVcc).</summary>
    public bool ReadsFlags => Kind == X87Kind.ConditionalMove;

    /// <summary>Whether AX is written (FNSTSW AX).</summary>
    public bool WritesAx => Kind == X87Kind.StoreStatusAx;

    /// <summary>Bytes of the memory operand; zero without one.</summary>
    public int MemorySize => Format switch
    {
        X87Format.Int16 or X87Format.Word => 2,
        X87Format.Single or X87Format.Int32 => 4,
        X87Format.Double or X87Format.Int64 => 8,
        X87Format.Extended or X87Format.Decimal => 10,
        X87Format.Environment16 => 14,
        X87Format.Environment32 => 28,
        X87Format.State16 => 94,
        X87Format.State32 => 108,
        _ => 0,
    };

    /// <summary>Whether it leaves the last instruction's pointers and opcode alone.</summary>
    internal bool IsControl => Kind is X87Kind.Wait or >= X87Kind.Initialize;

    /// <summary>The operation that <see cref="ToBits"/> gave <paramref name="bits"/> for.</summary>
    public static X87Operation FromBits(ulong bits) => Unsafe.BitCast<ulong, X87Operation>(bits);

    /// <summary>The operation as a number.</summary>
    public ulong ToBits() => Unsafe.BitCast<X87Operation, ulong>(this);

    private static byte With(byte properties, byte bit, bool value) =>
        (byte)(value ? properties | bit : properties & ~bit);
}
