using System.CommandLine;
using System.Globalization;

namespace Viaduct.Cli.Parsing;

/// <summary>An option that takes whole numbers with commas between them, or <c>none</c>.</summary>
internal static class CountsOption
{
    private const string None = "none";

    internal static Option<int[]> Create(string name, string description, int most, params int[] otherwise) => new(name)
    {
        Description = description,
        HelpName = "N,N…",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            string value = result.Tokens[0].Value;
            List<int> counts = [];
            foreach (string part in value == None ? [] : value.Split(','))
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count < 1 || count > most)
                {
                    result.AddError($"{name}: '{part}' is no number from 1 to {most}");
                    return [];
                }

                counts.Add(count);
            }

            return [.. counts.Distinct()];
        },
    };
}
