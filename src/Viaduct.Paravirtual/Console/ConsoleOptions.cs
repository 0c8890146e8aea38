namespace Viaduct.Paravirtual.Console;

/// <summary>What is chosen about a console.</summary>
public sealed record ConsoleOptions
{
    /// <summary>The device's id, as the user named it.</summary>
    public required string Name { get; init; }

    /// <summary>Where what the guest prints goes. Written to and flushed by the device's thread and, for emergency writes, by a vCPU's; dropped once a write fails.</summary>
    public required Stream Output { get; init; }

    /// <summary>Characters a line; zero if not known.</summary>
    public ushort Columns { get; init; }

    /// <summary>Lines; zero if not known.</summary>
    public ushort Rows { get; init; }
}
