using System.Globalization;

namespace Viaduct.Lab.Outer;

/// <summary>
/// How much longer than usual everything may take: what LAB_PATIENCE says, 1 by default. All limits are for a host that does
/// nothing else.
/// </summary>
internal static class LabPatience
{
    private const string Variable = "LAB_PATIENCE";

    internal static double Factor { get; } =
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : 1;
}
