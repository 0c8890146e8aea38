using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Vectors;
using static Viaduct.Engines.Software.Vectors.VectorSources;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>SSE2 integer instructions, logic and shuffles; operands are in the op.</summary>
internal static unsafe class SseIntegerLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Pxor or Mnemonic.Xorps or Mnemonic.Xorpd: return Frequent<FrequentOperations.PXor>(i, context);
            case Mnemonic.Por or Mnemonic.Orps or Mnemonic.Orpd: return Frequent<FrequentOperations.POr>(i, context);
            case Mnemonic.Pand or Mnemonic.Andps or Mnemonic.Andpd: return Frequent<FrequentOperations.PAnd>(i, context);
            case Mnemonic.Pandn or Mnemonic.Andnps or Mnemonic.Andnpd: return Frequent<FrequentOperations.PAndN>(i, context);
            case Mnemonic.Pcmpeqb: return Frequent<FrequentOperations.PCmpEqB>(i, context);
            case Mnemonic.Pcmpeqd: return Frequent<FrequentOperations.PCmpEqD>(i, context);
            case Mnemonic.Pminub: return Frequent<FrequentOperations.PMinUB>(i, context);
            case Mnemonic.Psubb: return Frequent<FrequentOperations.PSubB>(i, context);
            case Mnemonic.Paddd: return Frequent<FrequentOperations.PAddD>(i, context);
            case Mnemonic.Paddq: return Frequent<FrequentOperations.PAddQ>(i, context);
            case Mnemonic.Psubd: return Frequent<FrequentOperations.PSubD>(i, context);
            case Mnemonic.Punpcklbw: return Frequent<FrequentOperations.PUnpckLBW>(i, context);
            case Mnemonic.Punpcklwd: return Frequent<FrequentOperations.PUnpckLWD>(i, context);
            case Mnemonic.Punpckldq or Mnemonic.Unpcklps: return Frequent<FrequentOperations.PUnpckLDQ>(i, context);
            case Mnemonic.Punpcklqdq or Mnemonic.Unpcklpd: return Frequent<FrequentOperations.PUnpckLQDQ>(i, context);
            case Mnemonic.Pshufd: return Shuffle(i, context, &SseShuffle.PShufD);
            case Mnemonic.Pshuflw: return Shuffle(i, context, &SseShuffle.PShufLW);
            case Mnemonic.Pshufhw: return Shuffle(i, context, &SseShuffle.PShufHW);
            case Mnemonic.Shufps: return ShuffleBoth(i, context, &SseShuffle.ShufPs);
            case Mnemonic.Shufpd: return ShuffleBoth(i, context, &SseShuffle.ShufPd);
            case Mnemonic.Pslldq: return ShiftBytes(context, &SseShift.PSllDQ);
            case Mnemonic.Psrldq: return ShiftBytes(context, &SseShift.PSrlDQ);
        }

        return Binary(i, context) || Shift(i, context);
    }

    private static bool Frequent<TOperation>(in Instruction i, LoweringContext context)
        where TOperation : IVectorBinary =>
        context.Use(i.Op1Kind == OpKind.Register
            ? &SseInstructions.Frequent<TOperation, FromXmm>
            : &SseInstructions.Frequent<TOperation, Memory128>);

    private static bool Binary(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>> operation = BinaryOperation(i.Mnemonic);
        context.Op->Link = operation;
        return operation != null
            && context.Use(i.Op1Kind == OpKind.Register ? &SseInstructions.Binary<FromXmm> : &SseInstructions.Binary<Memory128>);
    }

    private static bool Shuffle(in Instruction i, LoweringContext context, delegate*<Vector128<byte>, byte, Vector128<byte>> operation)
    {
        context.Op->Link = operation;
        return context.Use(i.Op1Kind == OpKind.Register ? &SseInstructions.Shuffle<FromXmm> : &SseInstructions.Shuffle<Memory128>);
    }

    private static bool ShuffleBoth(
        in Instruction i, LoweringContext context, delegate*<Vector128<byte>, Vector128<byte>, byte, Vector128<byte>> operation)
    {
        context.Op->Link = operation;
        return context.Use(i.Op1Kind == OpKind.Register ? &SseInstructions.ShuffleBoth<FromXmm> : &SseInstructions.ShuffleBoth<Memory128>);
    }

    private static bool ShiftBytes(LoweringContext context, delegate*<Vector128<byte>, byte, Vector128<byte>> operation)
    {
        context.Op->Link = operation;
        return context.Use(&SseInstructions.ShiftBytes);
    }

    private static bool Shift(in Instruction i, LoweringContext context)
    {
        delegate*<Vector128<byte>, ulong, Vector128<byte>> operation = ShiftOperation(i.Mnemonic);
        context.Op->Link = operation;
        return operation != null && context.Use(i.Op1Kind switch
        {
            OpKind.Immediate8 => &SseInstructions.ShiftImmediate,
            OpKind.Register => &SseInstructions.Shift<FromXmm>,
            _ => &SseInstructions.Shift<Memory128>,
        });
    }

    private static delegate*<Vector128<byte>, ulong, Vector128<byte>> ShiftOperation(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Psllw => &SseShift.PSllW,
        Mnemonic.Pslld => &SseShift.PSllD,
        Mnemonic.Psllq => &SseShift.PSllQ,
        Mnemonic.Psrlw => &SseShift.PSrlW,
        Mnemonic.Psrld => &SseShift.PSrlD,
        Mnemonic.Psrlq => &SseShift.PSrlQ,
        Mnemonic.Psraw => &SseShift.PSraW,
        Mnemonic.Psrad => &SseShift.PSraD,
        _ => null,
    };

    private static delegate*<Vector128<byte>, Vector128<byte>, Vector128<byte>> BinaryOperation(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Paddb => &SseInteger.PAddB,
        Mnemonic.Paddw => &SseInteger.PAddW,
        Mnemonic.Paddsb => &SseInteger.PAddSB,
        Mnemonic.Paddsw => &SseInteger.PAddSW,
        Mnemonic.Paddusb => &SseInteger.PAddUSB,
        Mnemonic.Paddusw => &SseInteger.PAddUSW,
        Mnemonic.Psubw => &SseInteger.PSubW,
        Mnemonic.Psubq => &SseInteger.PSubQ,
        Mnemonic.Psubsb => &SseInteger.PSubSB,
        Mnemonic.Psubsw => &SseInteger.PSubSW,
        Mnemonic.Psubusb => &SseInteger.PSubUSB,
        Mnemonic.Psubusw => &SseInteger.PSubUSW,
        Mnemonic.Pmullw => &SseInteger.PMulLW,
        Mnemonic.Pmuludq => &SseInteger.PMulUDQ,
        Mnemonic.Pmulhw => &SseInteger.PMulHW,
        Mnemonic.Pmulhuw => &SseInteger.PMulHUW,
        Mnemonic.Pmaddwd => &SseInteger.PMAddWD,
        Mnemonic.Pavgb => &SseInteger.PAvgB,
        Mnemonic.Pavgw => &SseInteger.PAvgW,
        Mnemonic.Psadbw => &SseInteger.PSadBW,
        Mnemonic.Pminsw => &SseInteger.PMinSW,
        Mnemonic.Pmaxub => &SseInteger.PMaxUB,
        Mnemonic.Pmaxsw => &SseInteger.PMaxSW,
        Mnemonic.Pcmpgtb => &SseInteger.PCmpGtB,
        Mnemonic.Pcmpeqw => &SseInteger.PCmpEqW,
        Mnemonic.Pcmpgtw => &SseInteger.PCmpGtW,
        Mnemonic.Pcmpgtd => &SseInteger.PCmpGtD,
        Mnemonic.Packsswb => &SseShuffle.PackSSWB,
        Mnemonic.Packssdw => &SseShuffle.PackSSDW,
        Mnemonic.Packuswb => &SseShuffle.PackUSWB,
        Mnemonic.Punpckhbw => &SseShuffle.PUnpckHBW,
        Mnemonic.Punpckhwd => &SseShuffle.PUnpckHWD,
        Mnemonic.Punpckhdq or Mnemonic.Unpckhps => &SseShuffle.PUnpckHDQ,
        Mnemonic.Punpckhqdq or Mnemonic.Unpckhpd => &SseShuffle.PUnpckHQDQ,
        _ => null,
    };
}
