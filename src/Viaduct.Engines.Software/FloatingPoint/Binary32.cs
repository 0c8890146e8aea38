namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Single precision.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    public static int FractionBits => 23;

    public static int ExponentBits => 8;
}
