using Iced.Intel;

namespace Viaduct.Engines.Software.Translator;

/// <summary>
/// The SSE and SSE2 instructions that are translated: moves, integer arithmetic, logic, shuffles. Those that round or
/// raise floating-point exceptions are not: MXCSR is the interpreter's.
/// </summary>
internal static class VectorKinds
{
    internal static bool IsTranslated(in Instruction i)
    {
        bool vector = false;
        for (int operand = 0; operand < i.OpCount; operand++)
        {
            if (i.GetOpKind(operand) == OpKind.Register)
            {
                Register register = i.GetOpRegister(operand);
                if (!register.IsXMM() && !register.IsGPR32() && !register.IsGPR64())
                {
                    return false;
                }

                vector |= register.IsXMM();
            }
        }

        return vector && IsListed(i);
    }

    /// <summary>Whether a memory operand of 16 bytes must be aligned.</summary>
    internal static bool NeedsAlignment(in Instruction i) =>
        i.MemorySize.GetSize() == 16 && i.Mnemonic is not (Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu);

    /// <summary>Whether memory is written.</summary>
    internal static bool Stores(in Instruction i) => i.Op0Kind == OpKind.Memory;

    private static bool IsListed(in Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqa or Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu
                or Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq or Mnemonic.Movss or Mnemonic.Movsd
                or Mnemonic.Movd or Mnemonic.Movq or Mnemonic.Movlps or Mnemonic.Movlpd or Mnemonic.Movhps or Mnemonic.Movhpd
                or Mnemonic.Movhlps or Mnemonic.Movlhps or Mnemonic.Pmovmskb or Mnemonic.Movmskps or Mnemonic.Movmskpd
                or Mnemonic.Pinsrw:
                return true;
            case Mnemonic.Pextrw:
                return i.Code is Code.Pextrw_r32_xmm_imm8 or Code.Pextrw_r64_xmm_imm8;
            case Mnemonic.Pxor or Mnemonic.Xorps or Mnemonic.Xorpd or Mnemonic.Por or Mnemonic.Orps or Mnemonic.Orpd
                or Mnemonic.Pand or Mnemonic.Andps or Mnemonic.Andpd or Mnemonic.Pandn or Mnemonic.Andnps or Mnemonic.Andnpd
                or Mnemonic.Pcmpeqb or Mnemonic.Pcmpeqw or Mnemonic.Pcmpeqd or Mnemonic.Pcmpgtb or Mnemonic.Pcmpgtw or Mnemonic.Pcmpgtd
                or Mnemonic.Pminub or Mnemonic.Pmaxub or Mnemonic.Pminsw or Mnemonic.Pmaxsw
                or Mnemonic.Paddb or Mnemonic.Paddw or Mnemonic.Paddd or Mnemonic.Paddq
                or Mnemonic.Psubb or Mnemonic.Psubw or Mnemonic.Psubd or Mnemonic.Psubq
                or Mnemonic.Paddsb or Mnemonic.Paddsw or Mnemonic.Paddusb or Mnemonic.Paddusw
                or Mnemonic.Psubsb or Mnemonic.Psubsw or Mnemonic.Psubusb or Mnemonic.Psubusw
                or Mnemonic.Pmullw or Mnemonic.Pmuludq or Mnemonic.Pmulhw or Mnemonic.Pmulhuw or Mnemonic.Pmaddwd
                or Mnemonic.Pavgb or Mnemonic.Pavgw or Mnemonic.Psadbw
                or Mnemonic.Punpcklbw or Mnemonic.Punpcklwd or Mnemonic.Punpckldq or Mnemonic.Punpcklqdq
                or Mnemonic.Punpckhbw or Mnemonic.Punpckhwd or Mnemonic.Punpckhdq or Mnemonic.Punpckhqdq
                or Mnemonic.Unpcklps or Mnemonic.Unpcklpd or Mnemonic.Unpckhps or Mnemonic.Unpckhpd
                or Mnemonic.Packsswb or Mnemonic.Packssdw or Mnemonic.Packuswb
                or Mnemonic.Pshufd or Mnemonic.Pshuflw or Mnemonic.Pshufhw or Mnemonic.Shufps or Mnemonic.Shufpd
                or Mnemonic.Pslldq or Mnemonic.Psrldq or Mnemonic.Psllw or Mnemonic.Pslld or Mnemonic.Psllq
                or Mnemonic.Psrlw or Mnemonic.Psrld or Mnemonic.Psrlq or Mnemonic.Psraw or Mnemonic.Psrad:
                return true;
            default:
                return false;
        }
    }
}
