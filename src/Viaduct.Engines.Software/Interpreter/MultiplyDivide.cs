using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>MUL, IMUL, DIV, IDIV. SF, ZF, AF and PF after multiplications are undefined and left as they were.</summary>
internal static unsafe class MultiplyDivide
{
    private const byte FromMemory = 1;

    internal static Op* Multiply<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TryOperand<TWidth>(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        UInt128 product = (UInt128)TWidth.Read((byte*)s) * value;
        WriteProduct<TWidth>(s, product);
        bool overflow = product >> TWidth.Bits != 0;
        Flags.SetCarryOverflow(s, overflow, overflow);
        return op + 1;
    }

    internal static Op* SignedMultiply<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TryOperand<TWidth>(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        Int128 product = (Int128)(long)TWidth.SignExtend(TWidth.Read((byte*)s)) * (long)TWidth.SignExtend(value);
        WriteProduct<TWidth>(s, (UInt128)product);
        SetSignedOverflow<TWidth>(s, product);
        return op + 1;
    }

    /// <summary>IMUL of a register by a register or memory.</summary>
    internal static Op* SignedMultiplyTwo<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TryOperand<TWidth>(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        byte* destination = (byte*)s + op->Destination;
        return SignedInto<TWidth>(s, op, TWidth.Read(destination), value);
    }

    /// <summary>IMUL of a register or memory by an immediate.</summary>
    internal static Op* SignedMultiplyThree<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth =>
        TryOperand<TWidth>(cpu, s, op, out ulong value)
            ? SignedInto<TWidth>(s, op, value, op->Immediate)
            : Leave.Faulted(s, op);

    internal static Op* Divide<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TryOperand<TWidth>(cpu, s, op, out ulong divisor))
        {
            return Leave.Faulted(s, op);
        }

        if (divisor == 0)
        {
            return Leave.Raise(s, op, Vector.DivideError);
        }

        ulong quotient;
        ulong remainder;
        ulong high = TWidth.Bits == 8 ? *((byte*)s + 1) : TWidth.Read((byte*)(s->Registers + 2));
        ulong low = TWidth.Read((byte*)s);
        if (TWidth.Bits < 64)
        {
            ulong dividend = (high << TWidth.Bits) | low;
            (quotient, remainder) = Math.DivRem(dividend, divisor);
        }
        else if (high == 0)
        {
            (quotient, remainder) = Math.DivRem(low, divisor);
        }
        else
        {
            if (high >= divisor)
            {
                return Leave.Raise(s, op, Vector.DivideError);
            }

            (UInt128 wide, UInt128 rest) = UInt128.DivRem(new UInt128(high, low), divisor);
            (quotient, remainder) = ((ulong)wide, (ulong)rest);
        }

        return TWidth.Truncate(quotient) != quotient
            ? Leave.Raise(s, op, Vector.DivideError)
            : WriteQuotient<TWidth>(s, op, quotient, remainder);
    }

    internal static Op* SignedDivide<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (!TryOperand<TWidth>(cpu, s, op, out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        long divisor = (long)TWidth.SignExtend(value);
        if (divisor == 0)
        {
            return Leave.Raise(s, op, Vector.DivideError);
        }

        ulong high = TWidth.Bits == 8 ? *((byte*)s + 1) : TWidth.Read((byte*)(s->Registers + 2));
        ulong low = TWidth.Read((byte*)s);
        Int128 dividend = ((Int128)(long)TWidth.SignExtend(high) << TWidth.Bits) | low;
        (Int128 quotient, Int128 remainder) = Int128.DivRem(dividend, divisor);
        return quotient != (long)TWidth.SignExtend((ulong)quotient)
            ? Leave.Raise(s, op, Vector.DivideError)
            : WriteQuotient<TWidth>(s, op, (ulong)quotient, (ulong)remainder);
    }

    private static Op* WriteQuotient<TWidth>(CpuState* s, Op* op, ulong quotient, ulong remainder)
        where TWidth : IWidth
    {
        TWidth.WriteRegister((byte*)s, quotient);
        TWidth.WriteRegister(TWidth.Bits == 8 ? (byte*)s + 1 : (byte*)(s->Registers + 2), remainder);
        return op + 1;
    }

    private static void WriteProduct<TWidth>(CpuState* s, UInt128 product)
        where TWidth : IWidth
    {
        if (TWidth.Bits == 8)
        {
            W16.WriteRegister((byte*)s, (ulong)product);
            return;
        }

        TWidth.WriteRegister((byte*)s, (ulong)product);
        TWidth.WriteRegister((byte*)(s->Registers + 2), (ulong)(product >> TWidth.Bits));
    }

    private static Op* SignedInto<TWidth>(CpuState* s, Op* op, ulong left, ulong right)
        where TWidth : IWidth
    {
        if (TWidth.Bits < 64)
        {
            long product = (long)TWidth.SignExtend(left) * (long)TWidth.SignExtend(right);
            TWidth.WriteRegister((byte*)s + op->Destination, (ulong)product);
            bool overflow = product != (long)TWidth.SignExtend((ulong)product);
            Flags.SetCarryOverflow(s, overflow, overflow);
        }
        else
        {
            long high = Math.BigMul((long)left, (long)right, out long low);
            *(long*)((byte*)s + op->Destination) = low;
            bool overflow = high != low >> 63;
            Flags.SetCarryOverflow(s, overflow, overflow);
        }

        return op + 1;
    }

    private static void SetSignedOverflow<TWidth>(CpuState* s, Int128 product)
        where TWidth : IWidth
    {
        bool overflow = product != (long)TWidth.SignExtend((ulong)product);
        Flags.SetCarryOverflow(s, overflow, overflow);
    }

    private static bool TryOperand<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value)
        where TWidth : IWidth
    {
        if (op->Extra == FromMemory)
        {
            return TWidth.Load(cpu, s, EffectiveAddress.Of(s, op), out value);
        }

        value = TWidth.Read((byte*)s + op->Source);
        return true;
    }
}
