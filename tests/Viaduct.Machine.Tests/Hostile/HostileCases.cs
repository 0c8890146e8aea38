using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>
/// Runs a property over seeds: some of FsCheck's, or VIADUCT_HOSTILE_CASES of them in a row from VIADUCT_SEED (1) on,
/// for long runs by hand and for one seed again.
/// </summary>
internal static class HostileCases
{
    public static void Check(int usual, Action<int> property)
    {
        if (Number("VIADUCT_HOSTILE_CASES") is { } cases)
        {
            int first = Number("VIADUCT_SEED") ?? 1;
            for (int seed = first; seed < first + cases; seed++)
            {
                property(seed);
            }

            return;
        }

        Prop.ForAll<int>(property).Check(Config.QuickThrowOnFailure.WithMaxTest(usual).WithEndSize(int.MaxValue / 2));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
