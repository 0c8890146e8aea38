using System.Globalization;
using System.Numerics;

namespace Viaduct.Cli.Parsing;

/// <summary>Sizes as people write them: 512M, 8G, 1048576.</summary>
internal static class SizeParser
{
    internal static bool TryParse(string text, out ulong bytes)
    {
        bytes = 0;
        if (text.Length == 0)
        {
            return false;
        }

        int shift = char.ToUpperInvariant(text[^1]) switch
        {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ => 0,
        };
        string digits = shift == 0 ? text : text[..^1];
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            || number == 0 || number > ulong.MaxValue >> shift)
        {
            return false;
        }

        bytes = number << shift;
        return true;
    }

    /// <summary>A size as it would be written: in the largest unit that it is whole in.</summary>
    internal static string Format(ulong bytes)
    {
        int unit = bytes == 0 ? 0 : Math.Min(4, BitOperations.TrailingZeroCount(bytes) / 10);
        return string.Create(CultureInfo.InvariantCulture, $"{bytes >> (10 * unit)}{(unit == 0 ? "" : "KMGT"[unit - 1].ToString())}");
    }
}
