using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Commands;

/// <summary>Says why a guest runs on the software engine where nobody asked for it.</summary>
internal static class EngineAdvice
{
    /// <summary>A line on standard error where <see cref="EngineChoice.Auto"/> didn't take KVM.</summary>
    internal static void Say(EngineChoice wanted)
    {
        if (EngineSelection.Of(wanted) is { Reason.Length: > 0 } selection)
        {
            System.Console.Error.Write($"viaduct: engine software: {selection.Reason}\r\n");
        }
    }
}
