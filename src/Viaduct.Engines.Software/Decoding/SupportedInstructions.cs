using Iced.Intel;
using Viaduct.Engines.Software.Lowering;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>Which instructions the engine carries out; the others raise #UD.</summary>
public static class SupportedInstructions
{
    /// <summary>Whether a decoded 64-bit instruction is among them.</summary>
    public static bool Contains(in Instruction instruction) => InstructionLowering.IsSupported(instruction, 64);
}
