using Iced.Intel;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>From Iced's instructions to <see cref="X87Operation"/>.</summary>
public static class X87Decoder
{
    /// <summary>
    /// The opcode of an x87 instruction as the FPU remembers it: skips prefixes in <paramref name="code"/> (the whole
    /// instruction), then takes the low three bits of D8-DF and the byte after.
    /// </summary>
    public static ushort OpcodeOf(ReadOnlySpan<byte> code)
    {
        for (var i = 0; i + 1 < code.Length; i++)
        {
            if ((code[i] & 0xF8) == 0xD8)
            {
                return (ushort)(((code[i] & 7) << 8) | code[i + 1]);
            }
        }

        return 0;
    }

    /// <summary>Decodes an x87 instruction or WAIT.</summary>
    /// <returns>False if it is neither.</returns>
    public static bool TryDecode(in Instruction instruction, ushort opcode, out X87Operation operation)
    {
        operation = Describe(in instruction);
        if (operation.Kind == X87Kind.Nop && instruction.Mnemonic is not (Mnemonic.Fnop or Mnemonic.Fneni
            or Mnemonic.Fndisi or Mnemonic.Fnsetpm))
        {
            return false;
        }

        operation = operation with { Opcode = opcode };
        return true;
    }

    private static X87Operation Describe(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Fadd or Mnemonic.Faddp or Mnemonic.Fiadd => Arithmetic(X87Kind.Add, in i),
        Mnemonic.Fsub or Mnemonic.Fsubp or Mnemonic.Fisub => Arithmetic(X87Kind.Subtract, in i),
        Mnemonic.Fsubr or Mnemonic.Fsubrp or Mnemonic.Fisubr => Arithmetic(X87Kind.SubtractReversed, in i),
        Mnemonic.Fmul or Mnemonic.Fmulp or Mnemonic.Fimul => Arithmetic(X87Kind.Multiply, in i),
        Mnemonic.Fdiv or Mnemonic.Fdivp or Mnemonic.Fidiv => Arithmetic(X87Kind.Divide, in i),
        Mnemonic.Fdivr or Mnemonic.Fdivrp or Mnemonic.Fidivr => Arithmetic(X87Kind.DivideReversed, in i),
        Mnemonic.Fcom or Mnemonic.Ficom => Comparison(X87Kind.Compare, in i, 0),
        Mnemonic.Fcomp or Mnemonic.Ficomp => Comparison(X87Kind.Compare, in i, 1),
        Mnemonic.Fcompp => Comparison(X87Kind.Compare, in i, 2),
        Mnemonic.Fucom => Comparison(X87Kind.CompareUnordered, in i, 0),
        Mnemonic.Fucomp => Comparison(X87Kind.CompareUnordered, in i, 1),
        Mnemonic.Fucompp => Comparison(X87Kind.CompareUnordered, in i, 2),
        Mnemonic.Fcomi => Comparison(X87Kind.Compare, in i, 0) with { WritesFlags = true },
        Mnemonic.Fcomip => Comparison(X87Kind.Compare, in i, 1) with { WritesFlags = true },
        Mnemonic.Fucomi => Comparison(X87Kind.CompareUnordered, in i, 0) with { WritesFlags = true },
        Mnemonic.Fucomip => Comparison(X87Kind.CompareUnordered, in i, 1) with { WritesFlags = true },
        Mnemonic.Fld or Mnemonic.Fild or Mnemonic.Fbld => Waiting(X87Kind.Load, Format(in i), Index(in i)),
        Mnemonic.Fst or Mnemonic.Fist => Store(X87Kind.Store, in i, 0),
        Mnemonic.Fstp or Mnemonic.Fstpnce or Mnemonic.Fistp or Mnemonic.Fbstp => Store(X87Kind.Store, in i, 1),
        Mnemonic.Fisttp => Store(X87Kind.StoreTruncated, in i, 1),
        Mnemonic.Fxch => Waiting(X87Kind.Exchange, X87Format.None, Index(in i)),
        Mnemonic.Ffree => Waiting(X87Kind.Free, X87Format.None, Index(in i)),
        Mnemonic.Ffreep => Waiting(X87Kind.Free, X87Format.None, Index(in i)) with { Pops = 1 },
        _ => DescribeConstant(in i),
    };

    private static X87Operation DescribeConstant(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Fld1 => Constant(X87Constants.One),
        Mnemonic.Fldl2t => Constant(X87Constants.Log2Of10),
        Mnemonic.Fldl2e => Constant(X87Constants.Log2OfE),
        Mnemonic.Fldpi => Constant(X87Constants.Pi),
        Mnemonic.Fldlg2 => Constant(X87Constants.Log10Of2),
        Mnemonic.Fldln2 => Constant(X87Constants.LnOf2),
        Mnemonic.Fldz => Constant(X87Constants.Zero),
        Mnemonic.Fcmovb => Conditional(0, in i),
        Mnemonic.Fcmove => Conditional(1, in i),
        Mnemonic.Fcmovbe => Conditional(2, in i),
        Mnemonic.Fcmovu => Conditional(3, in i),
        Mnemonic.Fcmovnb => Conditional(4, in i),
        Mnemonic.Fcmovne => Conditional(5, in i),
        Mnemonic.Fcmovnbe => Conditional(6, in i),
        Mnemonic.Fcmovnu => Conditional(7, in i),
        _ => DescribeFunction(in i),
    };

    private static X87Operation DescribeFunction(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Fnop => Waiting(X87Kind.Nop),
        Mnemonic.Wait => Waiting(X87Kind.Wait),
        Mnemonic.Fchs => Waiting(X87Kind.ChangeSign),
        Mnemonic.Fabs => Waiting(X87Kind.Absolute),
        Mnemonic.Ftst => Waiting(X87Kind.Test),
        Mnemonic.Fxam => Waiting(X87Kind.Examine),
        Mnemonic.Fsqrt => Waiting(X87Kind.SquareRoot),
        Mnemonic.Frndint => Waiting(X87Kind.RoundToInteger),
        Mnemonic.Fscale => Waiting(X87Kind.Scale),
        Mnemonic.Fxtract => Waiting(X87Kind.Extract),
        Mnemonic.Fprem => Waiting(X87Kind.Remainder),
        Mnemonic.Fprem1 => Waiting(X87Kind.RemainderNearest),
        Mnemonic.F2xm1 => Waiting(X87Kind.PowerMinusOne),
        Mnemonic.Fyl2x => Waiting(X87Kind.Logarithm),
        Mnemonic.Fyl2xp1 => Waiting(X87Kind.LogarithmPlusOne),
        Mnemonic.Fptan => Waiting(X87Kind.Tangent),
        Mnemonic.Fpatan => Waiting(X87Kind.ArcTangent),
        Mnemonic.Fsin => Waiting(X87Kind.Sine),
        Mnemonic.Fcos => Waiting(X87Kind.Cosine),
        Mnemonic.Fsincos => Waiting(X87Kind.SineCosine),
        Mnemonic.Fincstp => Waiting(X87Kind.IncrementTop),
        Mnemonic.Fdecstp => Waiting(X87Kind.DecrementTop),
        _ => DescribeControl(in i),
    };

    private static X87Operation DescribeControl(in Instruction i) => i.Mnemonic switch
    {
        Mnemonic.Fninit => new X87Operation { Kind = X87Kind.Initialize },
        Mnemonic.Fnclex => new X87Operation { Kind = X87Kind.ClearExceptions },
        Mnemonic.Fldcw => Waiting(X87Kind.LoadControl, X87Format.Word),
        Mnemonic.Fnstcw => NonWaitingStore(X87Kind.StoreControl, X87Format.Word),
        Mnemonic.Fnstsw when i.Op0Kind == OpKind.Register => new X87Operation { Kind = X87Kind.StoreStatusAx },
        Mnemonic.Fnstsw => NonWaitingStore(X87Kind.StoreStatus, X87Format.Word),
        Mnemonic.Fldenv => Waiting(X87Kind.LoadEnvironment, Format(in i)),
        Mnemonic.Fnstenv => NonWaitingStore(X87Kind.StoreEnvironment, Format(in i)),
        Mnemonic.Frstor => Waiting(X87Kind.RestoreState, Format(in i)),
        Mnemonic.Fnsave => NonWaitingStore(X87Kind.SaveState, Format(in i)),
        _ => default,
    };

    private static X87Operation Waiting(X87Kind kind, X87Format format = X87Format.None, byte index = 0) =>
        new() { Kind = kind, Format = format, Index = index, Waits = true };

    private static X87Operation NonWaitingStore(X87Kind kind, X87Format format) =>
        new() { Kind = kind, Format = format, Stores = true };

    private static X87Operation Constant(byte index) => Waiting(X87Kind.LoadConstant, X87Format.None, index);

    private static X87Operation Conditional(byte condition, in Instruction i) =>
        Waiting(X87Kind.ConditionalMove, X87Format.None, Index(in i)) with { Condition = condition };

    private static X87Operation Store(X87Kind kind, in Instruction i, byte pops)
    {
        var format = Format(in i);
        return Waiting(kind, format, Index(in i)) with { Stores = format != X87Format.None, Pops = pops, ToRegister = true };
    }

    private static X87Operation Comparison(X87Kind kind, in Instruction i, byte pops) =>
        Waiting(kind, Format(in i), i.OpCount == 0 ? (byte)1 : Index(in i)) with { Pops = pops };

    private static X87Operation Arithmetic(X87Kind kind, in Instruction i)
    {
        var format = Format(in i);
        var toRegister = format == X87Format.None && i.Op1Register == Register.ST0 && IsRegisterForm(i.Code);
        var pops = i.Mnemonic is Mnemonic.Faddp or Mnemonic.Fsubp or Mnemonic.Fsubrp or Mnemonic.Fmulp
            or Mnemonic.Fdivp or Mnemonic.Fdivrp;
        return Waiting(kind, format, Index(in i)) with { ToRegister = toRegister, Pops = (byte)(pops ? 1 : 0) };
    }

    // "fadd st(0),st(0)" has both forms.
    private static bool IsRegisterForm(Code code) => code is not (Code.Fadd_st0_sti or Code.Fmul_st0_sti
        or Code.Fsub_st0_sti or Code.Fsubr_st0_sti or Code.Fdiv_st0_sti or Code.Fdivr_st0_sti);

    /// <summary>The ST(i) operand; the other one is ST(0).</summary>
    private static byte Index(in Instruction i)
    {
        var first = i.OpCount > 0 && i.Op0Kind == OpKind.Register ? i.Op0Register - Register.ST0 : 0;
        var second = i.OpCount > 1 && i.Op1Kind == OpKind.Register ? i.Op1Register - Register.ST0 : 0;
        return (byte)Math.Max(first, second);
    }

    private static X87Format Format(in Instruction i) => i.OpCount == 0 || i.Op0Kind == OpKind.Register
        ? X87Format.None
        : i.MemorySize switch
        {
            MemorySize.Float32 => X87Format.Single,
            MemorySize.Float64 => X87Format.Double,
            MemorySize.Float80 => X87Format.Extended,
            MemorySize.Int16 => X87Format.Int16,
            MemorySize.Int32 => X87Format.Int32,
            MemorySize.Int64 => X87Format.Int64,
            MemorySize.Bcd => X87Format.Decimal,
            MemorySize.FpuEnv14 => X87Format.Environment16,
            MemorySize.FpuEnv28 => X87Format.Environment32,
            MemorySize.FpuState94 => X87Format.State16,
            MemorySize.FpuState108 => X87Format.State32,
            _ => X87Format.None,
        };
}
