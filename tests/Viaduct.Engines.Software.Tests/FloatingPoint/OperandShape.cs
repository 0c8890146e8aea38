namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>What random operands look like.</summary>
internal enum OperandShape
{
    Single,
    Double,
    Bytes,
    Integers,
}
