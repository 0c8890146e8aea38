using System.CommandLine;
using System.Globalization;

namespace Viaduct.Cli.Parsing;

/// <summary>An option that takes a whole number within bounds.</summary>
internal static class NumberOption
{
    internal static Option<int> Create(string name, string description, int least, int most, int otherwise)
    {
        Option<int> option = new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && (!int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int value) || value < least || value > most))
            {
                result.AddError($"{name} '{result.Tokens[0].Value}' is no number from {least} to {most}");
            }
        });
        return option;
    }
}
