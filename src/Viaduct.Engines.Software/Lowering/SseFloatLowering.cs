using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Vectors;
using static Viaduct.Engines.Software.Vectors.VectorSources;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>SSE and SSE2 floating-point instructions without MMX registers; operands are in the op.</summary>
internal static unsafe class SseFloatLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context) =>
        Binary(i, context)
        || Unary(i, context)
        || Compare(i, context)
        || Relation(i, context)
        || Approximate(i, context)
        || FromInteger(i, context)
        || ToInteger(i, context);

    private static bool Binary(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, Vector128<byte>, ref FloatStatus, Vector128<byte>> operation = BinaryOperation(i.Mnemonic);
        context.Op->Link = operation;
        return operation != null && context.Use(Source(
            i, &SseFloats.Binary<FromXmm>, &SseFloats.Binary<Memory128>, &SseFloats.Binary<Memory64>, &SseFloats.Binary<Memory32>));
    }

    private static bool Unary(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, ref FloatStatus, Vector128<byte>> operation = i.Mnemonic switch
        {
            Mnemonic.Sqrtps => &SseFloat.SqrtPs,
            Mnemonic.Sqrtpd => &SseFloat.SqrtPd,
            Mnemonic.Cvtps2pd => &SseConvert.CvtPs2Pd,
            Mnemonic.Cvtpd2ps => &SseConvert.CvtPd2Ps,
            Mnemonic.Cvtdq2ps => &SseConvert.CvtDq2Ps,
            Mnemonic.Cvtps2dq => &SseConvert.CvtPs2Dq,
            Mnemonic.Cvttps2dq => &SseConvert.CvttPs2Dq,
            Mnemonic.Cvtpd2dq => &SseConvert.CvtPd2Dq,
            Mnemonic.Cvttpd2dq => &SseConvert.CvttPd2Dq,
            _ => null,
        };
        context.Op->Link = operation;
        return operation != null && context.Use(Source(
            i, &SseFloats.Unary<FromXmm>, &SseFloats.Unary<Memory128>, &SseFloats.Unary<Memory64>, null));
    }

    private static bool Compare(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, Vector128<byte>, byte, ref FloatStatus, Vector128<byte>> operation = i.Mnemonic switch
        {
            Mnemonic.Cmpps => &SseFloat.CmpPs,
            Mnemonic.Cmppd => &SseFloat.CmpPd,
            Mnemonic.Cmpss => &SseFloat.CmpSs,
            Mnemonic.Cmpsd => &SseFloat.CmpSd,
            _ => null,
        };
        context.Op->Link = operation;

        // The predicate's upper bits are reserved, and ignored without AVX.
        context.Op->Extra &= operation != null ? (byte)7 : (byte)0xFF;
        return operation != null && context.Use(Source(
            i, &SseFloats.Compare<FromXmm>, &SseFloats.Compare<Memory128>, &SseFloats.Compare<Memory64>, &SseFloats.Compare<Memory32>));
    }

    private static bool Relation(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, Vector128<byte>, ref FloatStatus, FloatRelation> operation = i.Mnemonic switch
        {
            Mnemonic.Comiss => &SseFloat.ComiSs,
            Mnemonic.Comisd => &SseFloat.ComiSd,
            Mnemonic.Ucomiss => &SseFloat.UcomiSs,
            Mnemonic.Ucomisd => &SseFloat.UcomiSd,
            _ => null,
        };
        context.Op->Link = operation;
        return operation != null && context.Use(Source(
            i, &SseFloats.Relation<FromXmm>, null, &SseFloats.Relation<Memory64>, &SseFloats.Relation<Memory32>));
    }

    /// <summary>What raises nothing.</summary>
    private static bool Approximate(in Instruction i, LoweringContext context)
    {
        bool register = i.OpCount > 1 && i.Op1Kind == OpKind.Register;
        switch (i.Mnemonic)
        {
            case Mnemonic.Rcpps or Mnemonic.Rsqrtps:
                context.Op->Link = i.Mnemonic == Mnemonic.Rcpps ? OneOperand(&SseFloat.RcpPs) : OneOperand(&SseFloat.RsqrtPs);
                return context.Use(register ? &SseInstructions.Unary<FromXmm> : &SseInstructions.Unary<Memory128>);
            case Mnemonic.Rcpss or Mnemonic.Rsqrtss:
                context.Op->Link = i.Mnemonic == Mnemonic.Rcpss ? TwoOperands(&SseFloat.RcpSs) : TwoOperands(&SseFloat.RsqrtSs);
                return context.Use(register ? &SseInstructions.Binary<FromXmm> : &SseInstructions.Binary<Memory32>);
            case Mnemonic.Cvtdq2pd:
                context.Op->Link = OneOperand(&SseConvert.CvtDq2Pd);
                return context.Use(register ? &SseInstructions.Unary<FromXmm> : &SseInstructions.Unary<Memory64>);
            default: return false;
        }
    }

    private static bool FromInteger(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, long, ref FloatStatus, Vector128<byte>> operation = i.Mnemonic switch
        {
            Mnemonic.Cvtsi2ss => &SseConvert.CvtSi2Ss,
            Mnemonic.Cvtsi2sd => &SseConvert.CvtSi2Sd,
            _ => null,
        };
        context.Op->Link = operation;
        return operation != null && context.Use(i.Code is Code.Cvtsi2ss_xmm_rm64 or Code.Cvtsi2sd_xmm_rm64
            ? i.Op1Kind == OpKind.Register ? &SseFloats.FromGeneral<W64> : &SseFloats.FromGeneralMemory<W64>
            : i.Op1Kind == OpKind.Register ? &SseFloats.FromGeneral<W32> : &SseFloats.FromGeneralMemory<W32>);
    }

    private static bool ToInteger(in Instruction i, LoweringContext context)
    {
        if (i.Mnemonic is not (Mnemonic.Cvtss2si or Mnemonic.Cvttss2si or Mnemonic.Cvtsd2si or Mnemonic.Cvttsd2si))
        {
            return false;
        }

        if (i.Op0Register.GetSize() == 8)
        {
            context.Op->Link = To64(i.Mnemonic);
            return context.Use(Source(i, &SseFloats.ToInt64<FromXmm>, null, &SseFloats.ToInt64<Memory64>, &SseFloats.ToInt64<Memory32>));
        }

        context.Op->Link = To32(i.Mnemonic);
        return context.Use(Source(i, &SseFloats.ToInt32<FromXmm>, null, &SseFloats.ToInt32<Memory64>, &SseFloats.ToInt32<Memory32>));
    }

    private static delegate*<SoftwareCpu, CpuState*, Op*, Op*> Source(
        in Instruction i,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> register,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> memory128,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> memory64,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> memory32) =>
        i.Op1Kind == OpKind.Register
            ? register
            : i.MemorySize.GetSize() switch
            {
                16 => memory128,
                8 => memory64,
                _ => memory32,
            };

    private static void* OneOperand(delegate*<Vector128<byte>, Vector128<byte>> operation) => operation;

    private static void* TwoOperands(delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>> operation) => operation;

    private static delegate*<Vector128<byte>, ref FloatStatus, int> To32(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Cvtss2si => &SseConvert.CvtSs2Si32,
        Mnemonic.Cvttss2si => &SseConvert.CvttSs2Si32,
        Mnemonic.Cvtsd2si => &SseConvert.CvtSd2Si32,
        _ => &SseConvert.CvttSd2Si32,
    };

    private static delegate*<Vector128<byte>, ref FloatStatus, long> To64(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Cvtss2si => &SseConvert.CvtSs2Si64,
        Mnemonic.Cvttss2si => &SseConvert.CvttSs2Si64,
        Mnemonic.Cvtsd2si => &SseConvert.CvtSd2Si64,
        _ => &SseConvert.CvttSd2Si64,
    };

    private static delegate*<Vector128<byte>, Vector128<byte>, ref FloatStatus, Vector128<byte>> BinaryOperation(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Addps => &SseFloat.AddPs,
        Mnemonic.Addpd => &SseFloat.AddPd,
        Mnemonic.Addss => &SseFloat.AddSs,
        Mnemonic.Addsd => &SseFloat.AddSd,
        Mnemonic.Subps => &SseFloat.SubPs,
        Mnemonic.Subpd => &SseFloat.SubPd,
        Mnemonic.Subss => &SseFloat.SubSs,
        Mnemonic.Subsd => &SseFloat.SubSd,
        Mnemonic.Mulps => &SseFloat.MulPs,
        Mnemonic.Mulpd => &SseFloat.MulPd,
        Mnemonic.Mulss => &SseFloat.MulSs,
        Mnemonic.Mulsd => &SseFloat.MulSd,
        Mnemonic.Divps => &SseFloat.DivPs,
        Mnemonic.Divpd => &SseFloat.DivPd,
        Mnemonic.Divss => &SseFloat.DivSs,
        Mnemonic.Divsd => &SseFloat.DivSd,
        Mnemonic.Minps => &SseFloat.MinPs,
        Mnemonic.Minpd => &SseFloat.MinPd,
        Mnemonic.Minss => &SseFloat.MinSs,
        Mnemonic.Minsd => &SseFloat.MinSd,
        Mnemonic.Maxps => &SseFloat.MaxPs,
        Mnemonic.Maxpd => &SseFloat.MaxPd,
        Mnemonic.Maxss => &SseFloat.MaxSs,
        Mnemonic.Maxsd => &SseFloat.MaxSd,
        Mnemonic.Sqrtss => &SseFloat.SqrtSs,
        Mnemonic.Sqrtsd => &SseFloat.SqrtSd,
        Mnemonic.Cvtss2sd => &SseConvert.CvtSs2Sd,
        Mnemonic.Cvtsd2ss => &SseConvert.CvtSd2Ss,
        _ => null,
    };
}
