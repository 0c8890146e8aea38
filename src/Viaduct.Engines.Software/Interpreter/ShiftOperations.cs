using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>
/// Shifts and rotates (Intel SDM vol. 2, SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). The count comes from CL when
/// <see cref="Op.Extra"/> is 1, from the immediate otherwise. OF, where it is undefined, follows the formula for a count of 1.
/// </summary>
internal static unsafe class ShiftOperations
{
    internal readonly struct Shl : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op);
            if (count == 0)
            {
                return value;
            }

            ulong result = count >= TWidth.Bits ? 0 : TWidth.Truncate(value << count);
            bool carry = count <= TWidth.Bits && ((value >> (TWidth.Bits - count)) & 1) != 0;
            return Finish<TWidth>(s, result, carry, carry ^ Top<TWidth>(result));
        }
    }

    internal readonly struct Shr : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op);
            if (count == 0)
            {
                return value;
            }

            ulong result = count >= TWidth.Bits ? 0 : value >> count;
            bool carry = count <= TWidth.Bits && ((value >> (count - 1)) & 1) != 0;
            return Finish<TWidth>(s, result, carry, Top<TWidth>(result ^ (result << 1)));
        }
    }

    internal readonly struct Sar : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op);
            if (count == 0)
            {
                return value;
            }

            long extended = (long)TWidth.SignExtend(value);
            ulong result = TWidth.Truncate((ulong)(extended >> Math.Min(count, 63)));
            bool carry = ((extended >> Math.Min(count - 1, 63)) & 1) != 0;
            return Finish<TWidth>(s, result, carry, overflow: false);
        }
    }

    internal readonly struct Rol : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int masked = Count<TWidth>(s, op);
            if (masked == 0)
            {
                return value;
            }

            int count = masked & (TWidth.Bits - 1);
            ulong result = count == 0 ? value : TWidth.Truncate((value << count) | (value >> (TWidth.Bits - count)));
            bool carry = (result & 1) != 0;
            Flags.SetCarryOverflow(s, carry, carry ^ Top<TWidth>(result));
            return result;
        }
    }

    internal readonly struct Ror : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int masked = Count<TWidth>(s, op);
            if (masked == 0)
            {
                return value;
            }

            int count = masked & (TWidth.Bits - 1);
            ulong result = count == 0 ? value : TWidth.Truncate((value >> count) | (value << (TWidth.Bits - count)));
            Flags.SetCarryOverflow(s, Top<TWidth>(result), Top<TWidth>(result ^ (result << 1)));
            return result;
        }
    }

    internal readonly struct Rcl : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op) % (TWidth.Bits + 1);
            if (count == 0)
            {
                return value;
            }

            UInt128 whole = ((UInt128)(s->FlagCarry >> 63) << TWidth.Bits) | value;
            UInt128 rotated = (whole << count) | (whole >> (TWidth.Bits + 1 - count));
            ulong result = TWidth.Truncate((ulong)rotated);
            bool carry = ((rotated >> TWidth.Bits) & 1) != 0;
            Flags.SetCarryOverflow(s, carry, carry ^ Top<TWidth>(result));
            return result;
        }
    }

    internal readonly struct Rcr : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op) % (TWidth.Bits + 1);
            if (count == 0)
            {
                return value;
            }

            UInt128 whole = ((UInt128)(s->FlagCarry >> 63) << TWidth.Bits) | value;
            UInt128 rotated = (whole >> count) | (whole << (TWidth.Bits + 1 - count));
            ulong result = TWidth.Truncate((ulong)rotated);
            bool carry = ((rotated >> TWidth.Bits) & 1) != 0;
            Flags.SetCarryOverflow(s, carry, Top<TWidth>(result ^ (result << 1)));
            return result;
        }
    }

    /// <summary>SHLD: bits come in from the source register.</summary>
    internal readonly struct ShiftLeftDouble : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op);
            if (count == 0)
            {
                return value;
            }

            ulong source = TWidth.Read((byte*)s + op->Source);
            UInt128 whole = ((UInt128)value << TWidth.Bits) | source;
            int top = 2 * TWidth.Bits;
            if (TWidth.Bits == 16)
            {
                // Shifted by more than 16: undefined; the operand comes round again, as processors do.
                whole = (whole << 16) | value;
                top = 48;
            }

            ulong result = TWidth.Truncate((ulong)(whole >> (top - TWidth.Bits - count)));
            bool carry = ((whole >> (top - count)) & 1) != 0;
            return Finish<TWidth>(s, result, carry, Top<TWidth>(result ^ value));
        }
    }

    /// <summary>SHRD: bits come in from the source register.</summary>
    internal readonly struct ShiftRightDouble : IModify
    {
        public static ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
            where TWidth : IWidth
        {
            int count = Count<TWidth>(s, op);
            if (count == 0)
            {
                return value;
            }

            ulong source = TWidth.Read((byte*)s + op->Source);
            UInt128 whole = ((UInt128)source << TWidth.Bits) | value;
            if (TWidth.Bits == 16)
            {
                whole |= (UInt128)value << 32;
            }

            ulong result = TWidth.Truncate((ulong)(whole >> count));
            bool carry = ((whole >> (count - 1)) & 1) != 0;
            return Finish<TWidth>(s, result, carry, Top<TWidth>(result ^ value));
        }
    }

    private static int Count<TWidth>(CpuState* s, Op* op)
        where TWidth : IWidth
    {
        int count = op->Extra == 1 ? (byte)s->Registers[1] : (int)op->Immediate;
        return count & (TWidth.Bits == 64 ? 63 : 31);
    }

    private static bool Top<TWidth>(ulong value)
        where TWidth : IWidth => ((value >> (TWidth.Bits - 1)) & 1) != 0;

    private static ulong Finish<TWidth>(CpuState* s, ulong result, bool carry, bool overflow)
        where TWidth : IWidth
    {
        s->FlagResult = TWidth.SignExtend(result);
        s->FlagAux = 0;
        Flags.SetCarryOverflow(s, carry, overflow);
        return result;
    }
}
