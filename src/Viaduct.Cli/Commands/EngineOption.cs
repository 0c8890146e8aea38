using System.CommandLine;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Commands;

/// <summary>The option <c>--engine</c>, which several commands have.</summary>
internal static class EngineOption
{
    internal static Option<string> Create()
    {
        Option<string> option = new("--engine")
        {
            Description = "What runs the guest; auto takes the best that this host has.",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong("auto", "kvm", "software");
        return option;
    }

    internal static string NameOf(EngineChoice engine) => engine switch
    {
        EngineChoice.Kvm => "kvm",
        EngineChoice.Software => "software",
        _ => "auto",
    };

    internal static EngineChoice Read(ParseResult parsed, Option<string> option)
    {
        EngineChoice engine = Enum.Parse<EngineChoice>(parsed.GetRequiredValue(option), ignoreCase: true);
        if (engine == EngineChoice.Auto)
        {
            // While the rest is read.
            EngineSelection.Prepare();
        }

        return engine;
    }
}
