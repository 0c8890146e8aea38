using System.CommandLine;
using Viaduct.Engines.Software;

namespace Viaduct.Cli.Commands;

/// <summary><c>--tier</c>: how the software engine runs code, for measurements and checks of the engine.</summary>
internal static class TierOption
{
    private const string Translator = "translator";
    private const string Interpreter = "interpreter";

    internal static Option<string> Create()
    {
        Option<string> option = new("--tier")
        {
            Description = "How the software engine runs code.",
            HelpName = "translator|interpreter",
            DefaultValueFactory = _ => SoftwareEngineOptions.CanTranslate ? Translator : Interpreter,
        };
        option.AcceptOnlyFromAmong(Translator, Interpreter);
        return option;
    }

    /// <summary>The option's value.</summary>
    internal static string NameOf(bool translates) => translates ? Translator : Interpreter;

    /// <summary>Whether blocks are translated.</summary>
    internal static bool Read(ParseResult parsed, Option<string> option) => parsed.GetValue(option) == Translator;
}
