using System.Globalization;

namespace Viaduct.Sriov.Host;

/// <summary>How fast a virtual function may send, in Mbit/s; 0 is no limit.</summary>
/// <param name="Least">What it can count on.</param>
/// <param name="Most">What it can't exceed.</param>
public readonly record struct VfRateLimit(int Least, int Most)
{
    /// <summary>For people: <c>"at most 100 Mbit/s"</c>.</summary>
    public override string ToString() => (Least, Most) switch
    {
        (0, 0) => "no rate limit",
        (0, _) => string.Create(CultureInfo.InvariantCulture, $"at most {Most} Mbit/s"),
        (_, 0) => string.Create(CultureInfo.InvariantCulture, $"at least {Least} Mbit/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Least} to {Most} Mbit/s"),
    };
}
