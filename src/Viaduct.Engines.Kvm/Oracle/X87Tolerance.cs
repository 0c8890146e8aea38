using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// How far FPU results may differ. The manual bounds the error of the transcendental instructions by one unit in the
/// last place (vol. 1 8.3.10), so that makers differ within it; all else is exact.
/// </summary>
internal static unsafe class X87Tolerance
{
    /// <summary>UE, PE and C1, which say how an inexact result was rounded.</summary>
    public const int InexactStatus = 0x0230;

    private const ushort ErrorSummary = 0x0080;

    private const int TranscendentalUnits = 2;

    /// <summary>Whether an instruction's result is within bounds, not exact. No other may build on it.</summary>
    public static bool IsTranscendental(Mnemonic mnemonic) => mnemonic
        is Mnemonic.Fsin or Mnemonic.Fcos or Mnemonic.Fsincos or Mnemonic.Fptan or Mnemonic.Fpatan
        or Mnemonic.F2xm1 or Mnemonic.Fyl2x or Mnemonic.Fyl2xp1;

    /// <summary>Whether an unmasked exception may have come of such a result on one side alone: then nothing can be compared.</summary>
    public static bool IsOpen(TestCase test, ushort leftStatus, ushort rightStatus) =>
        Of(test) != 0 && ((leftStatus | rightStatus) & ErrorSummary) != 0 && ((leftStatus ^ rightStatus) & InexactStatus) != 0;

    /// <summary>Units in the last place that a case's results may be off.</summary>
    public static int Of(TestCase test)
    {
        foreach (Instruction instruction in test.Instructions)
        {
            if (IsTranscendental(instruction.Mnemonic))
            {
                return TranscendentalUnits;
            }
        }

        return 0;
    }

    /// <summary>Whether two extended precision numbers are as close as that.</summary>
    public static bool IsSame(byte* left, byte* right, int units)
    {
        ushort leftExponent = *(ushort*)(left + 8);
        ushort rightExponent = *(ushort*)(right + 8);
        UInt128 a = ((UInt128)(leftExponent & 0x7FFFu) << 63) + (*(ulong*)left & (ulong.MaxValue >> 1));
        UInt128 b = ((UInt128)(rightExponent & 0x7FFFu) << 63) + (*(ulong*)right & (ulong.MaxValue >> 1));
        if (units == 0 || leftExponent >> 15 != rightExponent >> 15)
        {
            return leftExponent == rightExponent && *(ulong*)left == *(ulong*)right;
        }

        return (a > b ? a - b : b - a) <= (UInt128)(uint)units;
    }
}
