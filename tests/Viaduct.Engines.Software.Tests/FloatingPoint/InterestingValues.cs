using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Random operands, most of them near the edges.</summary>
internal sealed class InterestingValues(int seed)
{
    private static readonly uint[] _singles =
    [
        0, 1, 2, 0x007FFFFF, 0x00400000, 0x00800000, 0x00800001, 0x00FFFFFF, 0x01000000, 0x33800000, 0x34000000,
        0x3F000000, 0x3F800000, 0x3F800001, 0x3F7FFFFF, 0x3FC00000, 0x40000000, 0x40200000, 0x40490FDB, 0x4B000000,
        0x4B7FFFFF, 0x4EFFFFFF, 0x4F000000, 0x4F000001, 0x5EFFFFFF, 0x5F000000, 0x5F800000, 0x7F000000, 0x7F7FFFFF,
        0x7F800000, 0x7F800001, 0x7FBFFFFF, 0x7FC00000, 0x7FC12345, 0x7FFFFFFF,
    ];

    private static readonly ulong[] _doubles =
    [
        0, 1, 2, 0x000FFFFFFFFFFFFF, 0x0008000000000000, 0x0010000000000000, 0x0010000000000001, 0x001FFFFFFFFFFFFF,
        0x0020000000000000, 0x3690000000000000, 0x36A0000000000000, 0x380FFFFFE0000000, 0x380FFFFFF0000000,
        0x3810000000000000, 0x3FE0000000000000, 0x3FF0000000000000, 0x3FF0000000000001, 0x3FEFFFFFFFFFFFFF,
        0x3FF8000000000000, 0x4000000000000000, 0x4004000000000000, 0x400921FB54442D18, 0x41DFFFFFFFC00000,
        0x41DFFFFFFFE00000, 0x41E0000000000000, 0x41E0000000100000, 0x41E0000000200000, 0x4330000000000000,
        0x433FFFFFFFFFFFFF, 0x43DFFFFFFFFFFFFF, 0x43E0000000000000, 0x43E0000000000001, 0x47EFFFFFE0000000,
        0x47EFFFFFF0000000, 0x47F0000000000000, 0x7FE0000000000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000,
        0x7FF0000000000001, 0x7FF7FFFFFFFFFFFF, 0x7FF8000000000000, 0x7FF8123456789ABC, 0x7FFFFFFFFFFFFFFF,
    ];

    private static readonly byte[] _bytes = [0, 1, 2, 3, 7, 15, 16, 0x1F, 0x20, 0x40, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF];

    public Random Random { get; } = new(seed);

    public uint Single()
    {
        var sign = (uint)Random.Next(2) << 31;
        switch (Random.Next(8))
        {
            case 0 or 1 or 2:
                return sign | _singles[Random.Next(_singles.Length)];
            case 3:
                return sign | (_singles[Random.Next(_singles.Length)] + (uint)Random.Next(-4, 5)) & 0x7FFFFFFF;
            case 4:
                return sign | BitConverter.SingleToUInt32Bits(Random.Next(1 << Random.Next(1, 26)) * 0.25f);
            case 5:
                return sign | (uint)Random.Next(120, 136) << 23 | ((uint)Random.Next() & 0x7FFFFF);
            case 6:
                return sign | (uint)Random.Next(1 << Random.Next(1, 24));
            default:
                return (uint)Random.NextInt64();
        }
    }

    public ulong Double()
    {
        var sign = (ulong)Random.Next(2) << 63;
        switch (Random.Next(9))
        {
            case 0 or 1 or 2:
                return sign | _doubles[Random.Next(_doubles.Length)];
            case 3:
                return sign | (_doubles[Random.Next(_doubles.Length)] + (ulong)Random.Next(-4, 5)) & long.MaxValue;
            case 4:
                return sign | BitConverter.DoubleToUInt64Bits(Random.NextInt64(1L << Random.Next(1, 55)) * 0.25);
            case 5:
                return sign | (ulong)Random.Next(1016, 1032) << 52 | ((ulong)Random.NextInt64() & 0xFFFFFFFFFFFFF);
            case 6:
                return sign | (ulong)Random.NextInt64(1L << Random.Next(1, 53));
            case 7:
                return sign | (ulong)Random.Next(1023 - 155, 1023 + 132) << 52 | ((ulong)Random.NextInt64() & 0xFFFFFFFFFFFFF);
            default:
                return sign | (ulong)Random.NextInt64();
        }
    }

    public ulong Integer()
    {
        switch (Random.Next(4))
        {
            case 0:
                return (ulong)Random.Next(70);
            case 1:
                return (ulong)Random.NextInt64();
            case 2:
                return (ulong)(Random.NextInt64(long.MinValue, long.MaxValue) >> Random.Next(64));
            default:
                ulong value = 0;
                for (var i = 0; i < 8; i++)
                {
                    value = (value << 8) | _bytes[Random.Next(_bytes.Length)];
                }

                return value;
        }
    }

    public ulong Quadword(OperandShape shape) =>
        shape switch
        {
            OperandShape.Single => ((ulong)Single() << 32) | Single(),
            OperandShape.Double => Double(),
            _ => Integer(),
        };

    public Vector128<byte> Vector(OperandShape shape) =>
        Vector128.Create(Quadword(shape), Quadword(shape)).AsByte();

    /// <summary>All exceptions masked; rounding, DAZ, FTZ and sticky flags at random, often those of the fast path.</summary>
    public uint Mxcsr()
    {
        var flags = (uint)Random.Next(64);
        return Random.Next(3) == 0
            ? 0x1FA0u | flags
            : 0x1F80u | flags | (uint)Random.Next(4) << 13 | (uint)Random.Next(2) << 6 | (uint)Random.Next(2) << 15;
    }
}
