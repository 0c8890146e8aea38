using Iced.Intel;
using Viaduct.Engines.Software.Vectors;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>x87, MMX, SSE and SSE2.</summary>
internal static unsafe class VectorLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Fxsave or Mnemonic.Fxsave64:
                context.Op->Extra = i.Mnemonic == Mnemonic.Fxsave64 ? (byte)1 : (byte)0;
                return context.Use(&StateImage.Save);
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64:
                context.Op->Extra = i.Mnemonic == Mnemonic.Fxrstor64 ? (byte)1 : (byte)0;
                return context.Use(&StateImage.Restore);
            case Mnemonic.Ldmxcsr: return context.Use(&StateImage.LoadMxcsr);
            case Mnemonic.Stmxcsr: return context.Use(&StateImage.StoreMxcsr);
            case Mnemonic.Emms: return context.Use(&X87Control.LeaveMmx);
            default: return X87Lowering.TryLower(i, context);
        }
    }
}
