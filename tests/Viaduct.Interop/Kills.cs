using System.Globalization;

namespace Viaduct.Interop;

/// <summary>How often is killed, and the random points: VIADUCT_KILLS and VIADUCT_SEED.</summary>
internal static class Kills
{
    /// <summary>Kills in each test.</summary>
    internal static int Count { get; } = Setting("VIADUCT_KILLS", 4);

    /// <summary>The round after which what a survivor has is to stay as it is: by then its code is compiled.</summary>
    internal static int Settled { get; } = Math.Min(Count - 2, 10);

    internal static Random NewRandom() => new(Setting("VIADUCT_SEED", 1));

    /// <summary>Says a figure of a run, for people.</summary>
    internal static void Report(string figures) => TestContext.Current.TestOutputHelper?.WriteLine(figures);

    /// <summary>A number of the environment.</summary>
    internal static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
}
