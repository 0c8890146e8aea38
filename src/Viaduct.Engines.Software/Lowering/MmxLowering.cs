using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Vectors;
using static Viaduct.Engines.Software.Vectors.MmxSources;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Instructions with an MMX register; operands are in the op.</summary>
internal static unsafe class MmxLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        bool register = i.OpCount > 1 && i.Op1Kind == OpKind.Register;
        switch (i.Mnemonic)
        {
            case Mnemonic.Movd or Mnemonic.Movq: return Move(i, context);
            case Mnemonic.Movntq: return context.Use(&MmxInstructions.Store<W64>);
            case Mnemonic.Pshufw: return context.Use(register ? &MmxInstructions.Shuffle<FromMmx> : &MmxInstructions.Shuffle<Memory64>);
            case Mnemonic.Pmovmskb: return context.Use(&MmxInstructions.ByteSigns);
            case Mnemonic.Pextrw: return context.Use(&MmxInstructions.ExtractWord);
            case Mnemonic.Pinsrw:
                return context.Use(register ? &MmxInstructions.InsertWord<General32> : &MmxInstructions.InsertWord<Memory16>);
            case Mnemonic.Punpcklbw or Mnemonic.Punpcklwd or Mnemonic.Punpckldq when !register:
                context.Op->Link = Operation(i.Mnemonic);
                return context.Use(&MmxInstructions.Binary<Memory32>);
            case Mnemonic.Movq2dq: return context.Use(&MmxConversions.MmxToXmm);
            case Mnemonic.Movdq2q: return context.Use(&MmxConversions.XmmToMmx);
            default: return Convert(i, context) || Compute(i, context);
        }
    }

    private static bool Compute(in Instruction i, LoweringContext context)
    {
        delegate*<ulong, ulong, ulong> operation = Operation(i.Mnemonic);
        context.Op->Link = operation;
        return operation != null && context.Use(i.Op1Kind switch
        {
            OpKind.Immediate8 => &MmxInstructions.ShiftImmediate,
            OpKind.Register => &MmxInstructions.Binary<FromMmx>,
            _ => &MmxInstructions.Binary<Memory64>,
        });
    }

    private static bool Move(in Instruction i, LoweringContext context)
    {
        bool from = i.Op1Kind == OpKind.Register;
        bool to = i.Op0Kind == OpKind.Register;
        return context.Use(i.Code switch
        {
            Code.Movd_mm_rm32 => from ? &MmxInstructions.Load<General32> : &MmxInstructions.Load<Memory32>,
            Code.Movq_mm_rm64 => from ? &MmxInstructions.Load<General64> : &MmxInstructions.Load<Memory64>,
            Code.Movq_mm_mmm64 => from ? &MmxInstructions.Load<FromMmx> : &MmxInstructions.Load<Memory64>,
            Code.Movd_rm32_mm => to ? &MmxInstructions.ToGeneral<W32> : &MmxInstructions.Store<W32>,
            Code.Movq_rm64_mm => to ? &MmxInstructions.ToGeneral<W64> : &MmxInstructions.Store<W64>,
            Code.Movq_mmm64_mm => to ? &MmxInstructions.Load<FromMmx> : &MmxInstructions.Store<W64>,
            _ => null,
        });
    }

    private static bool Convert(in Instruction i, LoweringContext context)
    {
        bool register = i.OpCount > 1 && i.Op1Kind == OpKind.Register;
        switch (i.Mnemonic)
        {
            case Mnemonic.Cvtpi2ps or Mnemonic.Cvtpi2pd:
                context.Op->Link = i.Mnemonic == Mnemonic.Cvtpi2ps ? From(&SseConvert.CvtPi2Ps) : From(&CvtPi2Pd);
                return context.Use(register ? &MmxConversions.FromMmx : &MmxConversions.FromMemory);
            case Mnemonic.Cvtps2pi or Mnemonic.Cvttps2pi:
                context.Op->Link = i.Mnemonic == Mnemonic.Cvtps2pi ? To(&SseConvert.CvtPs2Pi) : To(&SseConvert.CvttPs2Pi);
                return context.Use(register ? &MmxConversions.ToMmx<VectorSources.FromXmm> : &MmxConversions.ToMmx<VectorSources.Memory64>);
            case Mnemonic.Cvtpd2pi or Mnemonic.Cvttpd2pi:
                context.Op->Link = i.Mnemonic == Mnemonic.Cvtpd2pi ? To(&SseConvert.CvtPd2Pi) : To(&SseConvert.CvttPd2Pi);
                return context.Use(register ? &MmxConversions.ToMmx<VectorSources.FromXmm> : &MmxConversions.ToMmx<VectorSources.Memory128>);
            default: return false;
        }
    }

    private static void* From(delegate*<Vector128<byte>, ulong, ref FloatStatus, Vector128<byte>> operation) => operation;

    private static void* To(delegate*<Vector128<byte>, ref FloatStatus, ulong> operation) => operation;

    private static Vector128<byte> CvtPi2Pd(Vector128<byte> a, ulong b, ref FloatStatus status) => SseConvert.CvtPi2Pd(b);

    private static ulong And(ulong a, ulong b) => a & b;

    private static ulong AndNot(ulong a, ulong b) => ~a & b;

    private static ulong Or(ulong a, ulong b) => a | b;

    private static ulong Xor(ulong a, ulong b) => a ^ b;

    private static delegate*<ulong, ulong, ulong> Operation(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Paddb => &MmxInteger.PAddB,
        Mnemonic.Paddw => &MmxInteger.PAddW,
        Mnemonic.Paddd => &MmxInteger.PAddD,
        Mnemonic.Paddq => &MmxInteger.PAddQ,
        Mnemonic.Paddsb => &MmxInteger.PAddSB,
        Mnemonic.Paddsw => &MmxInteger.PAddSW,
        Mnemonic.Paddusb => &MmxInteger.PAddUSB,
        Mnemonic.Paddusw => &MmxInteger.PAddUSW,
        Mnemonic.Psubb => &MmxInteger.PSubB,
        Mnemonic.Psubw => &MmxInteger.PSubW,
        Mnemonic.Psubd => &MmxInteger.PSubD,
        Mnemonic.Psubq => &MmxInteger.PSubQ,
        Mnemonic.Psubsb => &MmxInteger.PSubSB,
        Mnemonic.Psubsw => &MmxInteger.PSubSW,
        Mnemonic.Psubusb => &MmxInteger.PSubUSB,
        Mnemonic.Psubusw => &MmxInteger.PSubUSW,
        Mnemonic.Pmullw => &MmxInteger.PMulLW,
        Mnemonic.Pmulhw => &MmxInteger.PMulHW,
        Mnemonic.Pmulhuw => &MmxInteger.PMulHUW,
        Mnemonic.Pmuludq => &MmxInteger.PMulUDQ,
        Mnemonic.Pmaddwd => &MmxInteger.PMAddWD,
        Mnemonic.Pavgb => &MmxInteger.PAvgB,
        Mnemonic.Pavgw => &MmxInteger.PAvgW,
        Mnemonic.Psadbw => &MmxInteger.PSadBW,
        Mnemonic.Pminub => &MmxInteger.PMinUB,
        Mnemonic.Pmaxub => &MmxInteger.PMaxUB,
        Mnemonic.Pminsw => &MmxInteger.PMinSW,
        Mnemonic.Pmaxsw => &MmxInteger.PMaxSW,
        Mnemonic.Pcmpeqb => &MmxInteger.PCmpEqB,
        Mnemonic.Pcmpeqw => &MmxInteger.PCmpEqW,
        Mnemonic.Pcmpeqd => &MmxInteger.PCmpEqD,
        Mnemonic.Pcmpgtb => &MmxInteger.PCmpGtB,
        Mnemonic.Pcmpgtw => &MmxInteger.PCmpGtW,
        Mnemonic.Pcmpgtd => &MmxInteger.PCmpGtD,
        Mnemonic.Packsswb => &MmxInteger.PackSSWB,
        Mnemonic.Packssdw => &MmxInteger.PackSSDW,
        Mnemonic.Packuswb => &MmxInteger.PackUSWB,
        Mnemonic.Punpcklbw => &MmxInteger.PUnpckLBW,
        Mnemonic.Punpckhbw => &MmxInteger.PUnpckHBW,
        Mnemonic.Punpcklwd => &MmxInteger.PUnpckLWD,
        Mnemonic.Punpckhwd => &MmxInteger.PUnpckHWD,
        Mnemonic.Punpckldq => &MmxInteger.PUnpckLDQ,
        Mnemonic.Punpckhdq => &MmxInteger.PUnpckHDQ,
        Mnemonic.Psllw => &MmxInteger.PSllW,
        Mnemonic.Pslld => &MmxInteger.PSllD,
        Mnemonic.Psllq => &MmxInteger.PSllQ,
        Mnemonic.Psrlw => &MmxInteger.PSrlW,
        Mnemonic.Psrld => &MmxInteger.PSrlD,
        Mnemonic.Psrlq => &MmxInteger.PSrlQ,
        Mnemonic.Psraw => &MmxInteger.PSraW,
        Mnemonic.Psrad => &MmxInteger.PSraD,
        Mnemonic.Pand => &And,
        Mnemonic.Pandn => &AndNot,
        Mnemonic.Por => &Or,
        Mnemonic.Pxor => &Xor,
        _ => null,
    };
}
