namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>The memory operand of an x87 instruction.</summary>
public enum X87Format : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Single precision, 4 bytes.</summary>
    Single,

    /// <summary>Double precision, 8 bytes.</summary>
    Double,

    /// <summary>Double extended precision, 10 bytes.</summary>
    Extended,

    /// <summary>Signed integer, 2 bytes.</summary>
    Int16,

    /// <summary>Signed integer, 4 bytes.</summary>
    Int32,

    /// <summary>Signed integer, 8 bytes.</summary>
    Int64,

    /// <summary>Eighteen packed decimal digits and a sign, 10 bytes.</summary>
    Decimal,

    /// <summary>Control or status word, 2 bytes.</summary>
    Word,

    /// <summary>Environment in the 16-bit layout, 14 bytes.</summary>
    Environment16,

    /// <summary>Environment in the 32-bit layout, 28 bytes.</summary>
    Environment32,

    /// <summary>Environment and registers in the 16-bit layout, 94 bytes.</summary>
    State16,

    /// <summary>Environment and registers in the 32-bit layout, 108 bytes.</summary>
    State32,
}
