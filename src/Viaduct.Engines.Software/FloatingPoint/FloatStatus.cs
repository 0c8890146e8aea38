namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// The environment of one floating-point instruction: its controls, in MXCSR's layout, and the exceptions that it has
/// raised so far. An SSE instruction builds one from MXCSR, computes, and calls <see cref="Commit"/>.
/// </summary>
public struct FloatStatus
{
    private const uint DenormalsAreZeroBit = 1u << 6;
    private const uint FlushToZeroBit = 1u << 15;
    private const int MaskShift = 7;
    private const int RoundingShift = 13;

    // RC = nearest, PM and PE set: rounding leaves no trace that is not there already.
    private const uint HostMask = (3u << RoundingShift) | (1u << 12) | (1u << 5);
    private const uint HostValue = (1u << 12) | (1u << 5);

    private readonly uint _control;

    /// <summary>Takes the controls and the sticky flags of <paramref name="mxcsr"/>.</summary>
    public FloatStatus(uint mxcsr)
    {
        _control = mxcsr;
    }

    /// <summary>Exceptions raised by this instruction.</summary>
    public FloatExceptions Raised { get; private set; }

    /// <summary>Whether the last rounding increased the magnitude (x87 C1).</summary>
    public bool RoundedUp { get; set; }

    /// <summary>The rounding mode.</summary>
    public readonly RoundingMode Rounding => (RoundingMode)((_control >> RoundingShift) & 3);

    /// <summary>Denormal operands count as zero (MXCSR.DAZ).</summary>
    public readonly bool DenormalsAreZero => (_control & DenormalsAreZeroBit) != 0;

    /// <summary>Tiny results become zero while underflow is masked (MXCSR.FTZ).</summary>
    public readonly bool FlushToZero => (_control & FlushToZeroBit) != 0;

    /// <summary>Exceptions that don't fault.</summary>
    public readonly FloatExceptions Masks => (FloatExceptions)((_control >> MaskShift) & (uint)FloatExceptions.All);

    /// <summary>
    /// Whether the host's own arithmetic gives this environment's results for normal operands and results: it rounds
    /// to nearest, and the inexact flag that it can't report is set already and masked.
    /// </summary>
    public readonly bool HostArithmetic => (_control & HostMask) == HostValue;

    /// <summary>Whether an exception was raised that isn't masked.</summary>
    public readonly bool Faults => (Raised & ~Masks) != 0;

    /// <summary>The environment of an x87 instruction under control word <paramref name="control"/>.</summary>
    public static FloatStatus FromX87Control(ushort control) =>
        new(((control & (uint)FloatExceptions.All) << MaskShift) | ((control & 0xC00u) << (RoundingShift - 10)));

    /// <summary>Notes <paramref name="exceptions"/>.</summary>
    public void Raise(FloatExceptions exceptions) => Raised |= exceptions;

    /// <summary>Takes <paramref name="exceptions"/> back.</summary>
    public void Withdraw(FloatExceptions exceptions) => Raised &= ~exceptions;

    /// <summary>The same environment under another rounding mode, with nothing raised.</summary>
    public readonly FloatStatus With(RoundingMode rounding) =>
        new((_control & ~(3u << RoundingShift)) | ((uint)rounding << RoundingShift));

    /// <summary>
    /// Adds what was raised to MXCSR's flags as SDM vol. 1, 11.5.3 orders: if an exception found before the
    /// computation is unmasked in any element, those found after it are not reported for any.
    /// </summary>
    /// <returns>False if #XM is to be raised: the destination must stay as it was.</returns>
    public readonly bool Commit(ref uint mxcsr)
    {
        var raised = Raised;
        if (raised == 0)
        {
            return true;
        }

        var unmasked = raised & ~Masks;
        if ((unmasked & FloatExceptions.BeforeComputation) != 0)
        {
            raised &= FloatExceptions.BeforeComputation;
        }

        mxcsr |= (uint)raised;
        return unmasked == 0;
    }
}
