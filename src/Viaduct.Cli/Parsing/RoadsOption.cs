using System.CommandLine;
using Viaduct.Cli.Bench;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Parsing;

/// <summary>The option <c>--roads</c>: some of the roads, by name.</summary>
internal static class RoadsOption
{
    /// <summary>The roads that there are.</summary>
    internal static readonly Road[] All = [Road.Emulated, Road.Assigned, Road.Shared, Road.Paravirtual];

    internal static Option<Road[]> Create() => new("--roads")
    {
        Description = $"The roads to measure, of {string.Join(", ", All.Select(RoadNames.Name))}.",
        HelpName = "ROAD,ROAD…",
        DefaultValueFactory = _ => All,
        CustomParser = result =>
        {
            string[] names = result.Tokens[0].Value.Split(',');
            if (names.FirstOrDefault(name => !All.Any(road => RoadNames.Name(road) == name)) is { } unknown)
            {
                result.AddError($"--roads: '{unknown}' is none of {string.Join(", ", All.Select(RoadNames.Name))}");
                return [];
            }

            return [.. All.Where(road => names.Contains(RoadNames.Name(road)))];
        },
    };
}
