namespace Viaduct.Machine;

/// <summary>Ways in which a machine ends.</summary>
public enum MachineExitReason
{
    /// <summary>The guest powered off.</summary>
    PowerOff,

    /// <summary>The guest asked for a reset.</summary>
    Reset,

    /// <summary>The guest's kernel panicked.</summary>
    Panic,

    /// <summary>A processor shut down.</summary>
    TripleFault,

    /// <summary>The guest wrote to the exit port of a test board.</summary>
    ExitPort,

    /// <summary>Its owner stopped it.</summary>
    Stopped,

    /// <summary>Its state was saved, to go on elsewhere.</summary>
    Saved,

    /// <summary>The monitor could not carry on.</summary>
    InternalError,
}
