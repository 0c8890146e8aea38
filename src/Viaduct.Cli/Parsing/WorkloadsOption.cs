using System.CommandLine;
using Viaduct.Cli.Bench.Workloads;

namespace Viaduct.Cli.Parsing;

/// <summary>The option <c>--workloads</c>: some of the engine's workloads, by name.</summary>
internal static class WorkloadsOption
{
    private const string None = "none";

    internal static Option<IReadOnlyList<Workload>?> Create() => new("--workloads")
    {
        Description = $"What the guest does after its boot, of {Names()}; or {None}. All with a peer, nothing without one if this isn't given.",
        HelpName = "NAME,NAME…",
        CustomParser = result =>
        {
            string[] names = result.Tokens[0].Value == None ? [] : result.Tokens[0].Value.Split(',');
            if (names.FirstOrDefault(name => !Workload.All.Any(workload => workload.Name == name)) is { } unknown)
            {
                result.AddError($"--workloads: '{unknown}' is none of {Names()}, {None}");
                return [];
            }

            return [.. Workload.All.Where(workload => names.Contains(workload.Name))];
        },
    };

    private static string Names() => string.Join(", ", Workload.All.Select(workload => workload.Name));
}
