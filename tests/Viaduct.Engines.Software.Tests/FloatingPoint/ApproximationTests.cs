using FsCheck;
using FsCheck.Fluent;
using Viaduct.Engines.Software.FloatingPoint;
using Xunit;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>RCPPS and RSQRTPS as they are computed where the host has none.</summary>
public sealed class ApproximationTests
{
    private const double Bound = 1.5 / 4096;
    private const uint Infinity = 0x7F800000;

    [Fact]
    public void PortableReciprocal_AnyNormal_IsWithinTheArchitecturesBound() =>
        Prop.ForAll<uint>(seed =>
        {
            var bits = seed * 2654435761;
            var value = (double)BitConverter.UInt32BitsToSingle(bits);
            var result = (double)BitConverter.UInt32BitsToSingle(Approximation.PortableReciprocal(bits));
            var isOrdinary = Math.Abs(value) is >= 1.1754943508222875e-38 and <= 8.5e37;
            return !isOrdinary || Math.Abs((result * value) - 1) <= Bound;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Fact]
    public void PortableReciprocalSquareRoot_AnyPositive_IsWithinTheArchitecturesBound() =>
        Prop.ForAll<uint>(seed =>
        {
            var bits = (seed * 2654435761) & 0x7FFFFFFF;
            var value = (double)BitConverter.UInt32BitsToSingle(bits);
            var result = (double)BitConverter.UInt32BitsToSingle(Approximation.PortableReciprocalSquareRoot(bits));
            var isOrdinary = bits is >= 0x00800000 and < Infinity;
            return !isOrdinary || Math.Abs((result * Math.Sqrt(value)) - 1) <= Bound;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

    [Theory]
    [InlineData(0x00000000u, Infinity)]
    [InlineData(0x80000001u, 0xFF800000u)]
    [InlineData(Infinity, 0u)]
    [InlineData(0xFF800000u, 0x80000000u)]
    [InlineData(0x7F800001u, 0x7FC00001u)]
    [InlineData(0x7F000000u, 0u)]
    public void PortableReciprocal_Specials_AreTheArchitectures(uint value, uint expected) =>
        Assert.Equal(expected, Approximation.PortableReciprocal(value));

    [Theory]
    [InlineData(0x80000000u, 0xFF800000u)]
    [InlineData(0x00000001u, Infinity)]
    [InlineData(0xBF800000u, 0xFFC00000u)]
    [InlineData(Infinity, 0u)]
    [InlineData(0xFFC00001u, 0xFFC00001u)]
    public void PortableReciprocalSquareRoot_Specials_AreTheArchitectures(uint value, uint expected) =>
        Assert.Equal(expected, Approximation.PortableReciprocalSquareRoot(value));
}
