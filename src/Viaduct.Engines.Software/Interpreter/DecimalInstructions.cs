using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>DAA, DAS, AAA, AAS, AAM, AAD and SALC: what 64-bit mode has no more (Intel SDM vol. 2A).</summary>
internal static unsafe class DecimalInstructions
{
    /// <summary>DAA and, with <see cref="Op.Extra"/> 1, DAS.</summary>
    internal static Op* AdjustPacked(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        uint flags = Flags.Read(s);
        byte before = (byte)s->Registers[0];
        int sign = op->Extra == 1 ? -1 : 1;
        int value = before;
        bool adjust = (before & 0xF) > 9 || (flags & Rflags.Adjust) != 0;
        bool carry = false;
        if (adjust)
        {
            value += 6 * sign;
            carry = (flags & Rflags.Carry) != 0 || value is < 0 or > 0xFF;
        }

        if (before > 0x99 || (flags & Rflags.Carry) != 0)
        {
            value += 0x60 * sign;
            carry = true;
        }

        SetResult(s, (byte)value, flags & Rflags.Overflow, adjust, carry);
        return op + 1;
    }

    /// <summary>AAA and, with <see cref="Op.Extra"/> 1, AAS.</summary>
    internal static Op* AdjustUnpacked(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        uint flags = Flags.Read(s);
        ushort value = (ushort)s->Registers[0];
        bool adjust = (value & 0xF) > 9 || (flags & Rflags.Adjust) != 0;
        if (adjust)
        {
            value = op->Extra == 1 ? (ushort)(value - 0x106) : (ushort)(value + 0x106);
        }

        value &= 0xFF0F;
        W16.WriteRegister((byte*)s, value);
        flags &= Rflags.Arithmetic & ~(Rflags.Adjust | Rflags.Carry);
        Flags.Write(s, flags | (adjust ? Rflags.Adjust | Rflags.Carry : 0));
        return op + 1;
    }

    /// <summary>AAM: the base is the immediate.</summary>
    internal static Op* AdjustAfterMultiply(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        uint radix = (byte)op->Immediate;
        if (radix == 0)
        {
            return Leave.Raise(s, op, Vector.DivideError);
        }

        uint value = (byte)s->Registers[0];
        W16.WriteRegister((byte*)s, ((value / radix) << 8) | (value % radix));
        SetResult(s, (byte)(value % radix), 0, false, false);
        return op + 1;
    }

    /// <summary>AAD.</summary>
    internal static Op* AdjustBeforeDivide(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        uint value = (ushort)s->Registers[0];
        byte result = (byte)((value & 0xFF) + ((value >> 8) * (byte)op->Immediate));
        W16.WriteRegister((byte*)s, result);
        SetResult(s, result, 0, false, false);
        return op + 1;
    }

    internal static Op* SetFromCarry(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        *(byte*)s = Flags.Carry(s) ? (byte)0xFF : (byte)0;
        return op + 1;
    }

    private static void SetResult(CpuState* s, byte result, uint overflow, bool adjust, bool carry)
    {
        *(byte*)s = result;
        bool parity = (System.Numerics.BitOperations.PopCount(result) & 1) == 0;
        Flags.Write(s, overflow
            | (result == 0 ? Rflags.Zero : 0)
            | ((result & 0x80) != 0 ? Rflags.Sign : 0)
            | (parity ? Rflags.Parity : 0)
            | (adjust ? Rflags.Adjust : 0)
            | (carry ? Rflags.Carry : 0));
    }
}
