using System.Buffers.Binary;

namespace Viaduct.Machine.Acpi;

/// <summary>A resource descriptor (ACPI 6.5, 6.4): what a device uses, or what a bridge gives to those below it.</summary>
public readonly struct AmlResource
{
    private const byte MemorySpace = 0;
    private const byte IoSpace = 1;
    private const byte BusSpace = 2;

    /// <summary>The general flags of a range that a bridge produces, with both ends fixed (6.4.3.5).</summary>
    private const byte Produced = 0x0C;

    /// <summary>As <see cref="Produced"/>, but used by the device itself.</summary>
    private const byte Consumed = 0x0D;

    /// <summary>Of memory: read and write, not cacheable (6.4.3.5).</summary>
    private const byte ReadWrite = 1;

    /// <summary>Of I/O: addresses with and without ISA aliases (6.4.3.5).</summary>
    private const byte EntireRange = 3;

    private readonly byte[] _bytes;

    private AmlResource(byte[] bytes) => _bytes = bytes;

    /// <summary>Its encoding.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Ends a template (6.4.2.9); a checksum of zero counts as right.</summary>
    internal static ReadOnlySpan<byte> EndTag => [0x79, 0];

    /// <summary>Ports that a device uses, decoded in 16 bits (6.4.2.5).</summary>
    /// <param name="first">The first.</param>
    /// <param name="count">How many.</param>
    public static AmlResource Io(ushort first, byte count)
    {
        byte[] bytes = [0x47, 1, 0, 0, 0, 0, 1, count];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), first);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), first);
        return new(bytes);
    }

    /// <summary>An ISA interrupt: edge-triggered, active high, not shared (6.4.2.1).</summary>
    /// <param name="irq">0 to 15.</param>
    public static AmlResource IrqNoFlags(int irq)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)irq, 15u, nameof(irq));
        byte[] bytes = [0x22, 0, 0];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)(1 << irq));
        return new(bytes);
    }

    /// <summary>An interrupt of any number that the device uses (6.4.3.6).</summary>
    /// <param name="gsi">The global system interrupt.</param>
    /// <param name="edge">Edge-triggered rather than level.</param>
    /// <param name="activeLow">Rather than high.</param>
    /// <param name="shared">Rather than exclusive.</param>
    public static AmlResource Interrupt(uint gsi, bool edge, bool activeLow, bool shared)
    {
        int flags = 1 | (edge ? 2 : 0) | (activeLow ? 4 : 0) | (shared ? 8 : 0);
        byte[] bytes = [0x89, 6, 0, (byte)flags, 1, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(5), gsi);
        return new(bytes);
    }

    /// <summary>Memory below 4 GiB that a device uses (6.4.3.4).</summary>
    public static AmlResource Memory32Fixed(uint address, uint length)
    {
        byte[] bytes = [0x86, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), length);
        return new(bytes);
    }

    /// <summary>Bus numbers that a bridge gives.</summary>
    /// <param name="first">The lowest.</param>
    /// <param name="last">The highest.</param>
    public static AmlResource WordBusNumber(byte first, byte last) => Range(2, BusSpace, Produced, 0, first, last);

    /// <summary>Ports that a bridge gives.</summary>
    /// <inheritdoc cref="WordBusNumber"/>
    public static AmlResource WordIo(ushort first, ushort last) => Range(2, IoSpace, Produced, EntireRange, first, last);

    /// <summary>Ports that a bridge gives, in the encoding of 32 bits.</summary>
    /// <inheritdoc cref="WordBusNumber"/>
    public static AmlResource DWordIo(uint first, uint last) => Range(4, IoSpace, Produced, EntireRange, first, last);

    /// <summary>Memory below 4 GiB that a bridge gives.</summary>
    /// <inheritdoc cref="WordBusNumber"/>
    public static AmlResource DWordMemory(uint first, uint last) => Range(4, MemorySpace, Produced, ReadWrite, first, last);

    /// <summary>Memory anywhere that a bridge gives.</summary>
    /// <inheritdoc cref="WordBusNumber"/>
    public static AmlResource QWordMemory(ulong first, ulong last) => Range(8, MemorySpace, Produced, ReadWrite, first, last);

    /// <summary>Memory anywhere that a device uses.</summary>
    /// <inheritdoc cref="WordBusNumber"/>
    public static AmlResource QWordMemoryConsumed(ulong first, ulong last) => Range(8, MemorySpace, Consumed, ReadWrite, first, last);

    /// <summary>An address space descriptor of words of 2, 4 or 8 bytes (6.4.3.5): granularity, minimum, maximum, translation, length.</summary>
    private static AmlResource Range(int width, byte space, byte general, byte specific, ulong first, ulong last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first, nameof(last));
        byte tag = width switch { 2 => 0x88, 4 => 0x87, _ => 0x8A };
        byte[] bytes = new byte[6 + (5 * width)];
        bytes[0] = tag;
        bytes[1] = (byte)(bytes.Length - 3);
        bytes[3] = space;
        bytes[4] = general;
        bytes[5] = specific;
        WriteWord(bytes.AsSpan(6 + width, width), first);
        WriteWord(bytes.AsSpan(6 + (2 * width), width), last);

        // The whole I/O space in words has a length of 10000H, which doesn't fit; no range here is that long.
        WriteWord(bytes.AsSpan(6 + (4 * width), width), checked(last - first + 1));
        return new(bytes);
    }

    private static void WriteWord(Span<byte> at, ulong value)
    {
        if (at.Length < 8 && value >> (8 * at.Length) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), "the range doesn't fit the descriptor");
        }

        for (int i = 0; i < at.Length; i++)
        {
            at[i] = (byte)(value >> (8 * i));
        }
    }
}
