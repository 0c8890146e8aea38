using Iced.Intel;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>x87, MMX, SSE and SSE2.</summary>
internal static class VectorLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        _ = i;
        _ = context;
        return false;
    }
}
