using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Segmentation;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Instructions that are for real-address and 32-bit code, and loads of far pointers.</summary>
internal static unsafe class LegacyLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        switch (i.Mnemonic)
        {
            case Mnemonic.Daa: return context.Use(&DecimalInstructions.AdjustPacked);
            case Mnemonic.Das:
                op->Extra = 1;
                return context.Use(&DecimalInstructions.AdjustPacked);
            case Mnemonic.Aaa: return context.Use(&DecimalInstructions.AdjustUnpacked);
            case Mnemonic.Aas:
                op->Extra = 1;
                return context.Use(&DecimalInstructions.AdjustUnpacked);
            case Mnemonic.Aam:
                op->Immediate = i.Immediate8;
                return context.Use(&DecimalInstructions.AdjustAfterMultiply);
            case Mnemonic.Aad:
                op->Immediate = i.Immediate8;
                return context.Use(&DecimalInstructions.AdjustBeforeDivide);
            case Mnemonic.Salc: return context.Use(&DecimalInstructions.SetFromCarry);
            case Mnemonic.Pusha or Mnemonic.Pushad:
                op->Extra = i.Mnemonic == Mnemonic.Pusha ? (byte)2 : (byte)4;
                return context.Use(&LegacyInstructions.PushAll);
            case Mnemonic.Popa or Mnemonic.Popad:
                op->Extra = i.Mnemonic == Mnemonic.Popa ? (byte)2 : (byte)4;
                return context.Use(&LegacyInstructions.PopAll);
            case Mnemonic.Bound:
                op->Destination = Registers.OffsetOf(i.Op0Register);
                op->Extra = (byte)i.Op0Register.GetSize();
                return context.Use(&LegacyInstructions.CheckBounds);
            case Mnemonic.Arpl:
                op->Source = Registers.OffsetOf(i.Op1Register);
                if (i.Op0Kind == OpKind.Memory)
                {
                    op->Extra2 = 1;
                }
                else
                {
                    op->Destination = Registers.OffsetOf(i.Op0Register);
                }

                return context.Use(&LegacyInstructions.AdjustRequestedPrivilege);
            case Mnemonic.Les: return FarPointer(i, context, SegmentName.Es);
            case Mnemonic.Lds: return FarPointer(i, context, SegmentName.Ds);
            case Mnemonic.Lss: return FarPointer(i, context, SegmentName.Ss);
            case Mnemonic.Lfs: return FarPointer(i, context, SegmentName.Fs);
            case Mnemonic.Lgs: return FarPointer(i, context, SegmentName.Gs);
            case Mnemonic.Lmsw:
                return SystemLowering.Selector(i, context, 0, 0) && context.Use(&LegacyInstructions.LoadMachineStatus, BlockFlow.Ends);
            default: return false;
        }
    }

    private static bool FarPointer(in Instruction i, LoweringContext context, byte segment)
    {
        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        context.Op->Extra = (byte)i.Op0Register.GetSize();
        context.Op->Extra2 = segment;
        return context.Use(&LegacyInstructions.LoadFarPointer, BlockFlow.Ends);
    }
}
