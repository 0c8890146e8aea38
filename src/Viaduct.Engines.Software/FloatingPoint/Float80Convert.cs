using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Conversions between x87 registers and the memory formats.</summary>
internal static class Float80Convert
{
    private const ulong LargestBcd = 999_999_999_999_999_999;

    internal static Float80 FromInteger(long value)
    {
        if (value == 0)
        {
            return Float80.Zero(false);
        }

        var unpacked = Unpacked.FromInteger(value < 0, value < 0 ? 0UL - (ulong)value : (ulong)value);
        return new Float80(value < 0, unpacked.Exponent + Float80.Bias, (ulong)(unpacked.Significand >> 64));
    }

    /// <summary>Loads a single or double: exact; a SNaN is invalid and stays one, a denormal is noted.</summary>
    internal static Float80 FromBinary<TFormat>(ulong value, ref FloatStatus status)
        where TFormat : struct, IBinaryFormat
    {
        var negative = value >> (TFormat.FractionBits + TFormat.ExponentBits) != 0;
        if (SoftFloat<TFormat>.IsNaN(value))
        {
            var result = new Float80(negative, Float80.MaxExponent, (value << (63 - TFormat.FractionBits)) | Float80.IntegerBit);
            if (result.IsSignaling)
            {
                status.Raise(FloatExceptions.Invalid);
            }

            return result;
        }

        if (SoftFloat<TFormat>.IsInfinite(value))
        {
            return Float80.Infinity(negative);
        }

        if (SoftFloat<TFormat>.IsZero(value))
        {
            return Float80.Zero(negative);
        }

        if (SoftFloat<TFormat>.IsDenormal(value))
        {
            status.Raise(FloatExceptions.Denormal);
        }

        var unpacked = SoftFloat<TFormat>.Unpack(value);
        return new Float80(negative, unpacked.Exponent + Float80.Bias, (ulong)(unpacked.Significand >> 64));
    }

    /// <summary>Rounds to a single or double. A denormal register raises only what the narrowing does.</summary>
    internal static ulong ToBinary<TFormat>(Float80 value, ref FloatStatus status)
        where TFormat : struct, IBinaryFormat
    {
        var sign = value.IsNegative ? 1UL << (TFormat.FractionBits + TFormat.ExponentBits) : 0;
        if (value.IsUnsupported)
        {
            status.Raise(FloatExceptions.Invalid);
            return SoftFloat<TFormat>.Indefinite;
        }

        if (value.IsNaN)
        {
            if (value.IsSignaling)
            {
                status.Raise(FloatExceptions.Invalid);
            }

            var payload = (value.Quieted().Significand & ~Float80.IntegerBit) >> (63 - TFormat.FractionBits);
            return sign | SoftFloat<TFormat>.Infinity | payload;
        }

        if (value.IsInfinite)
        {
            return sign | SoftFloat<TFormat>.Infinity;
        }

        if (value.IsZero)
        {
            return sign;
        }

        var result = SoftFloat<TFormat>.Pack(value.Unpack(), ref status);

        // Nothing is stored then, so that nothing was rounded.
        const FloatExceptions Range = FloatExceptions.Overflow | FloatExceptions.Underflow;
        if ((status.Raised & ~status.Masks & Range) != 0)
        {
            status.Withdraw(FloatExceptions.Precision);
            status.RoundedUp = false;
        }

        return result;
    }

    /// <summary>Rounds to a signed integer; the most negative one, and invalid, if it doesn't fit.</summary>
    internal static long ToInteger(Float80 value, int bits, RoundingMode mode, ref FloatStatus status)
    {
        if (value.IsZero)
        {
            return 0;
        }

        if (value.IsUnsupported || value.Exponent == Float80.MaxExponent
            || !IntegerRounding.TryRound(value.Unpack(), bits, mode, out var result, out var inexact, out var up))
        {
            status.Raise(FloatExceptions.Invalid);
            return -1L << (bits - 1);
        }

        status.RoundedUp = up;
        if (inexact)
        {
            status.Raise(FloatExceptions.Precision);
        }

        return result;
    }

    /// <summary>Reads eighteen decimal digits and a sign; digits past nine count for what they are.</summary>
    internal static Float80 FromBcd(ReadOnlySpan<byte> memory)
    {
        ulong value = 0;
        for (var i = 8; i >= 0; i--)
        {
            value = (value * 100) + (uint)((memory[i] >> 4) * 10) + (uint)(memory[i] & 15);
        }

        var magnitude = FromInteger((long)value);
        return (memory[9] & 0x80) != 0 ? magnitude.Negated() : magnitude;
    }

    /// <summary>Rounds to eighteen decimal digits; the packed decimal indefinite, and invalid, if they don't suffice.</summary>
    internal static void ToBcd(Float80 value, Span<byte> memory, ref FloatStatus status)
    {
        var attempt = status.With(status.Rounding);
        var integer = ToInteger(value, 64, status.Rounding, ref attempt);
        var magnitude = integer < 0 ? 0UL - (ulong)integer : (ulong)integer;
        if (magnitude > LargestBcd || (attempt.Raised & FloatExceptions.Invalid) != 0)
        {
            status.Raise(FloatExceptions.Invalid);
            MemoryMarshal.Write(memory, 0xC000_0000_0000_0000UL);
            MemoryMarshal.Write(memory[8..], (ushort)0xFFFF);
            return;
        }

        status.Raise(attempt.Raised);
        status.RoundedUp = attempt.RoundedUp;
        for (var i = 0; i < 9; i++)
        {
            memory[i] = (byte)((magnitude % 10) | (magnitude / 10 % 10 << 4));
            magnitude /= 100;
        }

        memory[9] = (byte)(value.IsNegative ? 0x80 : 0);
    }
}
