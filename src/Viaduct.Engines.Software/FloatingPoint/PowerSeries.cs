namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// A power series with coefficients that fall from one, in fixed point: arguments are fractions of 2^128, coefficients
/// and sums have two bits before the point.
/// </summary>
internal sealed class PowerSeries
{
    private static readonly UInt128 _one = UInt128.One << 126;

    private readonly UInt128[] _coefficients;

    private PowerSeries(int terms, Func<int, UInt128, UInt128> next)
    {
        _coefficients = new UInt128[terms];
        _coefficients[0] = _one;
        for (var i = 1; i < terms; i++)
        {
            _coefficients[i] = next(i, _coefficients[i - 1]);
        }
    }

    /// <summary>sin(x)/x in x².</summary>
    internal static PowerSeries Sine { get; } = new(19, (i, previous) => previous / (ulong)((2 * i) * ((2 * i) + 1)));

    /// <summary>cos(x) in x².</summary>
    internal static PowerSeries Cosine { get; } = new(19, (i, previous) => previous / (ulong)((2 * i) * ((2 * i) - 1)));

    /// <summary>(e^x − 1)/x in x.</summary>
    internal static PowerSeries Exponential { get; } = new(33, (i, previous) => previous / (ulong)(i + 1));

    /// <summary>atan(x)/x, or atanh(x)/x without alternation, in x².</summary>
    internal static PowerSeries ArcTangent { get; } = new(52, (i, _) => _one / (ulong)((2 * i) + 1));

    /// <summary>The sum at <paramref name="argument"/>, its terms' signs alternating if so said.</summary>
    internal Unpacked Evaluate(UInt128 argument, bool alternating)
    {
        var sum = _coefficients[^1];
        for (var i = _coefficients.Length - 2; i >= 0; i--)
        {
            var rest = WideMath.MultiplyHigh(argument, sum);
            sum = alternating ? _coefficients[i] - rest : _coefficients[i] + rest;
        }

        // The argument isn't zero, so that a sum of one stands for something just below it: directed rounding can tell.
        if (alternating && sum == _one)
        {
            sum--;
        }

        return Unpacked.Normalize(false, 1, sum);
    }
}
