using System.Runtime.InteropServices;
using Viaduct.Engines.Software.FloatingPoint;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Random FPU states and memory operands.</summary>
internal sealed unsafe class X87Values(int seed)
{
    private static readonly ushort[] _exponents =
    [
        0, 1, 2, 63, 64, 0x3C01, 0x3F81, 0x3FBE, 0x3FF0, 0x3FFC, 0x3FFD, 0x3FFE, 0x3FFF, 0x4000, 0x4001, 0x400E, 0x401D,
        0x401E, 0x403A, 0x403D, 0x403E, 0x403F, 0x407E, 0x43FE, 0x5FFF, 0x6000, 0x7FBE, 0x7FFD, 0x7FFE, 0x7FFF,
    ];

    private static readonly ulong[] _significands =
    [
        0, 1, 0x4000000000000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x8000000000000001, 0xA000000000000000,
        0xBFFFFFFFFFFFFFFF, 0xC000000000000000, 0xC000000000000001, 0xC90FDAA22168C235, 0xFFFFFF0000000000,
        0xFFFFFF7FFFFFFFFF, 0xFFFFFF8000000000, 0xFFFFFFFFFFFFF800, 0xFFFFFFFFFFFFFBFF, 0xFFFFFFFFFFFFFC00,
        0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF,
    ];

    private readonly InterestingValues _values = new(seed);

    private Random Random => _values.Random;

    public X87Image Image(X87Format format)
    {
        var image = default(X87Image);
        image.Flags = 0x202 | (ulong)Random.Next(256) & 0x45;
        image.Rax = _values.Integer();
        var memory = new Span<byte>(image.Memory, 128);
        Random.NextBytes(memory);
        switch (format)
        {
            case X87Format.Single:
                MemoryMarshal.Write(memory, _values.Single());
                break;
            case X87Format.Double:
                MemoryMarshal.Write(memory, _values.Double());
                break;
            case X87Format.Extended:
                Write(memory);
                break;
            case X87Format.Environment16 or X87Format.Environment32 or X87Format.State16 or X87Format.State32:
                var isShort = format is X87Format.Environment16 or X87Format.State16;
                MemoryMarshal.Write(memory, (ushort)(Random.Next(0x10000) | 0x3F));
                memory[(isShort ? 10 : 18)..(isShort ? 12 : 20)].Clear();
                break;
            case X87Format.Decimal:
                for (var i = 0; i < 9; i++)
                {
                    memory[i] = (byte)(Random.Next(10) * 16 + Random.Next(10));
                }

                break;
            case X87Format.Word:
                MemoryMarshal.Write(memory, (ushort)(Random.Next(0x10000) | 0x3F));
                break;
            default:
                MemoryMarshal.Write(memory, _values.Integer());
                break;
        }

        State(new Span<byte>(image.Before, X87Image.StateSize));
        return image;
    }

    private void State(Span<byte> state)
    {
        // Flags that are set before must be masked, or the first instruction would already fault.
        var masks = Random.Next(3) == 0 ? Random.Next(64) : 63;
        MemoryMarshal.Write(state, (ushort)(masks | (Random.Next(4) << 8) | (Random.Next(4) << 10) | 0x40));
        MemoryMarshal.Write(state[4..], (ushort)((Random.Next(0x10000) & 0x7F40) | (Random.Next(64) & masks)));
        var tags = 0;
        for (var i = 0; i < 8; i++)
        {
            tags |= (Random.Next(8) == 0 ? 3 : 0) << (2 * i);
        }

        // Often room for a push.
        if (Random.Next(8) != 0)
        {
            tags |= 3 << (2 * ((((state[5] >> 3) & 7) + 7) & 7));
        }

        MemoryMarshal.Write(state[8..], (ushort)tags);
        for (var i = 0; i < 8; i++)
        {
            Write(state[(28 + (10 * i))..]);
        }
    }

    private void Write(Span<byte> register)
    {
        var sign = (ushort)(Random.Next(2) << 15);
        ulong significand;
        ushort exponent;
        switch (Random.Next(6))
        {
            case 0:
                exponent = _exponents[Random.Next(_exponents.Length)];
                significand = _significands[Random.Next(_significands.Length)];
                break;
            case 1:
                exponent = (ushort)Random.Next(0x8000);
                significand = (ulong)Random.NextInt64() | 0x8000000000000000;
                break;
            case 2:
                exponent = (ushort)(Random.Next(2) == 0 ? Random.Next(3) : _exponents[Random.Next(_exponents.Length)]);
                significand = (ulong)Random.NextInt64() | 0x8000000000000000;
                break;
            case 3:
                exponent = (ushort)Random.Next(0x3FFF - 4, 0x3FFF + 4);
                significand = _significands[Random.Next(_significands.Length)] | 0x8000000000000000;
                break;
            case 4:
                var number = (ulong)Random.NextInt64(1, 1L << Random.Next(2, 62));
                var zeros = (int)ulong.LeadingZeroCount(number);
                exponent = (ushort)(0x403E - zeros - Random.Next(3));
                significand = number << zeros;
                break;
            default:
                exponent = (ushort)Random.Next(0x3FFF - 40, 0x3FFF + 40);
                significand = (ulong)Random.NextInt64() | 0x8000000000000000;
                break;
        }

        MemoryMarshal.Write(register, significand);
        MemoryMarshal.Write(register[8..], (ushort)(sign | exponent));
    }
}
