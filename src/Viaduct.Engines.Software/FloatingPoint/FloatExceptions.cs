namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>The six numeric exceptions, at the bit positions that MXCSR and the x87 status and control words share.</summary>
[Flags]
public enum FloatExceptions : byte
{
    /// <summary>Nothing happened.</summary>
    None = 0,

    /// <summary>IE: invalid operation.</summary>
    Invalid = 0x01,

    /// <summary>DE: an operand is denormal.</summary>
    Denormal = 0x02,

    /// <summary>ZE: a finite number was divided by zero.</summary>
    ZeroDivide = 0x04,

    /// <summary>OE: the result is too large for its format.</summary>
    Overflow = 0x08,

    /// <summary>UE: the result is too small for its format.</summary>
    Underflow = 0x10,

    /// <summary>PE: the result was rounded.</summary>
    Precision = 0x20,

    /// <summary>Those found before the computation: an unmasked one of them suppresses it.</summary>
    BeforeComputation = Invalid | Denormal | ZeroDivide,

    /// <summary>All six.</summary>
    All = 0x3F,
}
