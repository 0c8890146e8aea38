using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Vectors;
using static Viaduct.Engines.Software.Vectors.VectorSources;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>SSE and SSE2 moves; operands are in the op.</summary>
internal static unsafe class SseMoveLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqa:
                return Whole(i, context, &SseMoves.LoadAligned, &SseMoves.StoreAligned);
            case Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu:
                return Whole(i, context, &SseMoves.LoadUnaligned, &SseMoves.StoreUnaligned);
            case Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq: return context.Use(&SseMoves.StoreAligned);
            case Mnemonic.Movss:
                return context.Use(i.Op0Kind != OpKind.Register
                    ? &SseMoves.StoreLow<uint>
                    : i.Op1Kind != OpKind.Register ? &SseMoves.LoadLow<Memory32> : &SseMoves.MergeLow<uint>);
            case Mnemonic.Movsd:
                return context.Use(i.Op0Kind != OpKind.Register
                    ? &SseMoves.StoreLow<ulong>
                    : i.Op1Kind != OpKind.Register ? &SseMoves.LoadLow<Memory64> : &SseMoves.MergeLow<ulong>);
            case Mnemonic.Movd:
                return i.Code == Code.Movd_xmm_rm32
                    ? context.Use(i.Op1Kind == OpKind.Register ? &SseMoves.FromGeneral<W32> : &SseMoves.LoadLow<Memory32>)
                    : context.Use(i.Op0Kind == OpKind.Register ? &SseMoves.ToGeneral<W32> : &SseMoves.StoreLow<uint>);
            case Mnemonic.Movq: return Quadword(i, context);
            case Mnemonic.Movlps or Mnemonic.Movlpd: return Half(i, context, 0);
            case Mnemonic.Movhps or Mnemonic.Movhpd: return Half(i, context, 1);
            case Mnemonic.Movhlps:
                context.Op->Extra = 0;
                return context.Use(&SseMoves.CopyHalf);
            case Mnemonic.Movlhps:
                context.Op->Extra = 1;
                return context.Use(&SseMoves.CopyHalf);
            case Mnemonic.Pmovmskb: return context.Use(&SseMoves.ByteSigns);
            case Mnemonic.Movmskps: return context.Use(&SseMoves.SingleSigns);
            case Mnemonic.Movmskpd: return context.Use(&SseMoves.DoubleSigns);

            // To memory it is SSE4.1's.
            case Mnemonic.Pextrw: return i.Code is Code.Pextrw_r32_xmm_imm8 or Code.Pextrw_r64_xmm_imm8 && context.Use(&SseMoves.ExtractWord);
            case Mnemonic.Pinsrw:
                return context.Use(i.Op1Kind == OpKind.Register ? &SseMoves.InsertWord : &SseMoves.InsertWordMemory);
            default: return false;
        }
    }

    private static bool Whole(
        in Instruction i,
        LoweringContext context,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> load,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> store) =>
        context.Use(i.Op0Kind != OpKind.Register ? store : i.Op1Kind != OpKind.Register ? load : &SseMoves.Copy);

    private static bool Quadword(in Instruction i, LoweringContext context) => i.Code switch
    {
        Code.Movq_xmm_rm64 => context.Use(i.Op1Kind == OpKind.Register ? &SseMoves.FromGeneral<W64> : &SseMoves.LoadLow<Memory64>),
        Code.Movq_rm64_xmm => context.Use(i.Op0Kind == OpKind.Register ? &SseMoves.ToGeneral<W64> : &SseMoves.StoreLow<ulong>),
        Code.Movq_xmm_xmmm64 => context.Use(i.Op1Kind == OpKind.Register ? &SseMoves.CopyLow : &SseMoves.LoadLow<Memory64>),
        Code.Movq_xmmm64_xmm => context.Use(i.Op0Kind == OpKind.Register ? &SseMoves.CopyLow : &SseMoves.StoreLow<ulong>),
        _ => false,
    };

    private static bool Half(in Instruction i, LoweringContext context, byte half)
    {
        context.Op->Extra = half;
        return context.Use(i.Op0Kind == OpKind.Register ? &SseMoves.LoadHalf : &SseMoves.StoreHalf);
    }
}
