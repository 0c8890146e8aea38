namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// Outcome of a comparison of two floating-point values. The values are the RFLAGS bits (CF = 1, PF = 4, ZF = 0x40)
/// that COMISS, UCOMISS, FCOMI and their like leave; those instructions also clear OF, SF and AF.
/// </summary>
public enum FloatRelation : byte
{
    /// <summary>The first is greater.</summary>
    Greater = 0,

    /// <summary>The first is less.</summary>
    Less = 0x01,

    /// <summary>They are equal.</summary>
    Equal = 0x40,

    /// <summary>At least one is a NaN.</summary>
    Unordered = 0x45,
}
