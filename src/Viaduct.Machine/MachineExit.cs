namespace Viaduct.Machine;

/// <summary>How a machine came to its end.</summary>
/// <param name="Reason">Which way.</param>
/// <param name="Description">For people: what the processor or the guest said.</param>
public readonly record struct MachineExit(MachineExitReason Reason, string Description)
{
    /// <summary>What the guest wrote to the exit port of a test board.</summary>
    public uint Value { get; init; }
}
