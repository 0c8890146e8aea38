using Iced.Intel;
using Viaduct.Engines.Software.Vectors;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>x87.</summary>
internal static unsafe class X87Lowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context) => i.Mnemonic switch
    {
        Mnemonic.Wait => context.Use(&X87Control.Wait),
        Mnemonic.Fninit => context.Use(&X87Control.Initialize),
        Mnemonic.Fnclex => context.Use(&X87Control.ClearExceptions),
        Mnemonic.Fnstcw => context.Use(&X87Control.StoreControl),
        Mnemonic.Fldcw => context.Use(&X87Control.LoadControl),
        Mnemonic.Fnstsw when i.Code == Code.Fnstsw_AX => context.Use(&X87Control.StoreStatusAx),
        Mnemonic.Fnstsw => context.Use(&X87Control.StoreStatus),
        _ => false,
    };
}
