using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench;

/// <summary>The roads' names on the command line and in reports.</summary>
internal static class RoadNames
{
    /// <summary>A road's name.</summary>
    internal static string Name(Road road) => road.ToString().ToLowerInvariant();
}
