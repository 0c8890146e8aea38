using System.Numerics;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Reproducible random numbers (SplitMix64), with a liking for values at which arithmetic breaks.</summary>
internal sealed class CaseRandom
{
    private ulong _state;

    /// <summary>Starts the sequence of one case: the same for the same seed and index, whatever ran before.</summary>
    public void Start(ulong seed, ulong index)
    {
        _state = seed;
        _state = Next() ^ (index * 0xD1B5_4A32_D192_ED03);
        _ = Next();
    }

    public ulong Next()
    {
        ulong z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    public int Below(int limit) => (int)(((UInt128)Next() * (uint)limit) >> 64);

    public bool Percent(int percent) => Below(100) < percent;

    /// <summary>A number whose edges are at any of the operand sizes.</summary>
    public ulong Number()
    {
        int size = 8 << Below(4);
        ulong mask = ulong.MaxValue >> (64 - size);
        ulong value = Below(8) switch
        {
            0 => 0,
            1 => 1,
            2 => mask,
            3 => mask >> 1,
            4 => (mask >> 1) + 1,
            5 => (ulong)Below(64),
            6 => 1UL << Below(64),
            _ => Next(),
        };
        return Below(4) == 0 ? value | (Next() & ~mask) : value;
    }

    public uint Float32()
    {
        uint sign = (uint)Below(2) << 31;
        return sign | (Below(12) switch
        {
            0 => 0,
            1 => 0x3F80_0000,
            2 => 0x7F80_0000,
            3 => 0x7FC0_0000u | (uint)(Next() & 0xFFFF),
            4 => 0x7F80_0001u + (uint)(Next() & 0xFFFF),
            5 => (uint)(Next() & 0x7F_FFFF),
            6 => 0x0080_0000,
            7 => 0x7F7F_FFFF,
            8 => BitConverter.SingleToUInt32Bits(Below(1000)),
            9 => (uint)((127 + Below(40) - 8) << 23) | (uint)(Next() & 0x7F_FFFF),
            _ => (uint)(Next() & 0x7FFF_FFFF),
        });
    }

    public ulong Float64()
    {
        ulong sign = (ulong)Below(2) << 63;
        return sign | (Below(12) switch
        {
            0 => 0,
            1 => 0x3FF0_0000_0000_0000,
            2 => 0x7FF0_0000_0000_0000,
            3 => 0x7FF8_0000_0000_0000 | (Next() & 0xFFFF),
            4 => 0x7FF0_0000_0000_0001 + (Next() & 0xFFFF),
            5 => Next() & 0xF_FFFF_FFFF_FFFF,
            6 => 0x0010_0000_0000_0000,
            7 => 0x7FEF_FFFF_FFFF_FFFF,
            8 => BitConverter.DoubleToUInt64Bits(Below(1000)),
            9 => ((ulong)(1023 + Below(80) - 16) << 52) | (Next() & 0xF_FFFF_FFFF_FFFF),
            _ => Next() & 0x7FFF_FFFF_FFFF_FFFF,
        });
    }

    /// <summary>An extended precision number: 64 bits of significand, then sign and exponent.</summary>
    public (ulong Significand, ushort SignExponent) Float80()
    {
        const ulong Integer = 1UL << 63;
        ushort sign = (ushort)(Below(2) << 15);
        (ulong significand, int exponent) = Below(14) switch
        {
            0 => (0UL, 0),
            1 => (Integer, 0x3FFF),
            2 => (Integer, 0x7FFF),
            3 => (Integer | (Integer >> 1) | (Next() >> 8), 0x7FFF),
            4 => (Integer | ((Next() >> 2) | 1), 0x7FFF),
            5 => (Next() >> 1, 0),
            6 => (Integer, 1),
            7 => (ulong.MaxValue, 0x7FFE),
            8 => FromInteger(Below(1000) + 1),
            9 => (Next() | Integer, 0x3FFF + Below(80) - 16),
            10 => (Next() | Integer, 0x3FFF - Below(70)),
            11 => ((Next() >> 11 << 11) | Integer, 0x3FFF + Below(20) - 10),
            12 => (Next() | Integer, Below(0x7FFF)),
            _ => (Next() & ~Integer, Below(0x8000)),
        };
        return (significand, (ushort)(sign | exponent));
    }

    private static (ulong Significand, int Exponent) FromInteger(int value)
    {
        int shift = BitOperations.LeadingZeroCount((ulong)value);
        return ((ulong)value << shift, 0x3FFF + 63 - shift);
    }
}
