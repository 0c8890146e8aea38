using Iced.Intel;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Tells SETcc and CMOVcc, which Iced has no property for.</summary>
internal static class ConditionalKinds
{
    internal static bool IsSetcc(this in Instruction i) => i.Code is >= Code.Seto_rm8 and <= Code.Setg_rm8;

    internal static bool IsCmovcc(this in Instruction i) => i.Code is >= Code.Cmovo_r16_rm16 and <= Code.Cmovg_r64_rm64;
}
