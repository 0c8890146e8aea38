using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Which instructions make a case whose result says something: processors agree on them, and they are where their result can be compared.</summary>
internal static class Suitability
{
    /// <summary>Whether an instruction loads its flags from the stack.</summary>
    public static bool IsPopFlags(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq;

    /// <summary>Whether all makers' processors do the same for it.</summary>
    public static bool IsPortable(in Instruction instruction, ReadOnlySpan<byte> bytes)
    {
        // With an operand-size prefix they disagree about branches.
        const byte OperandSize = 0x66;
        if (IsBranch(instruction) && bytes[..(instruction.Length - 1)].Contains(OperandSize))
        {
            return false;
        }

        return instruction.Mnemonic switch
        {
            // With REX.B it is XCHG with R8 to processors and PAUSE to the decoder.
            Mnemonic.Pause => (bytes[instruction.Length - 2] & 0xF1) != 0x41,

            // Some read four bytes for this, some two.
            Mnemonic.Movsxd => instruction.Code != Code.Movsxd_r16_rm16 || instruction.Op1Kind != OpKind.Memory,

            // A repeat prefix turns the condition around on some.
            Mnemonic.Loope or Mnemonic.Loopne => bytes[..(instruction.Length - 2)].IndexOfAny((byte)0xF2, (byte)0xF3) < 0,
            _ => true,
        };
    }

    /// <summary>Whether it may be the first, or the last, of a case's instructions, or one between.</summary>
    public static bool FitsPosition(in Instruction instruction, bool first, bool last) => instruction.Mnemonic switch
    {
        // What they load is chosen with care, and mustn't be overwritten before.
        Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq => first,
        Mnemonic.Ldmxcsr or Mnemonic.Fxrstor or Mnemonic.Fxrstor64 => first && last,
        Mnemonic.Ret => first && last,

        // Outside its domain makers give what they like, so what it begins with must be known.
        Mnemonic.Fyl2xp1 => first && last,

        // AMD's processors write an image that isn't aligned, too: the stack pointer must not have moved from under it.
        Mnemonic.Fxsave or Mnemonic.Fxsave64 => first && last,

        // Their images hold what isn't compared, and must not be read again.
        Mnemonic.Fnsave or Mnemonic.Fnstenv => last,
        _ => last || (instruction.FlowControl == FlowControl.Next && !X87Tolerance.IsTranscendental(instruction.Mnemonic)),
    };

    private static bool IsBranch(in Instruction instruction) =>
        instruction.FlowControl is not (FlowControl.Next or FlowControl.Interrupt or FlowControl.Exception);
}
