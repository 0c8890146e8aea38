using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Lab;

/// <summary>What the command line says of a lab's run.</summary>
internal sealed record LabOptions
{
    /// <summary>What runs guests that name no engine.</summary>
    internal EngineChoice Engine { get; init; } = EngineChoice.Auto;

    /// <summary>Whether all consoles are shown among the messages, line by line.</summary>
    internal bool Verbose { get; init; }

    /// <summary>Where messages go.</summary>
    internal TextWriter Messages { get; init; } = TextWriter.Null;

    /// <summary>Called when the user leaves by a guest's console on the terminal.</summary>
    internal Action Leave { get; init; } = static () => { };

    /// <summary>What is changed in a guest's machine before it is made.</summary>
    internal Func<MachineSpec, MachineSpec> Adjust { get; init; } = static spec => spec;
}
