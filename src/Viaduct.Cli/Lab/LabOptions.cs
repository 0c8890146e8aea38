using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Lab;

/// <summary>What the command line says of a lab's run.</summary>
internal sealed record LabOptions
{
    /// <summary>What runs guests that name no engine.</summary>
    internal EngineChoice Engine { get; init; } = EngineChoice.Auto;

    /// <summary>Where all consoles go, line by line; null for nowhere.</summary>
    internal TextWriter? Consoles { get; init; }

    /// <summary>Where messages go.</summary>
    internal required TextWriter Messages { get; init; }

    /// <summary>Called when the user leaves by a guest's console on the terminal.</summary>
    internal required Action Leave { get; init; }
}
