namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Rounding control as MXCSR.RC and the x87 control word encode it (SDM vol. 1, table 4-8).</summary>
public enum RoundingMode : byte
{
    /// <summary>To the nearest value, ties to the even one.</summary>
    Nearest = 0,

    /// <summary>Towards negative infinity.</summary>
    Down = 1,

    /// <summary>Towards positive infinity.</summary>
    Up = 2,

    /// <summary>Towards zero.</summary>
    Zero = 3,
}
