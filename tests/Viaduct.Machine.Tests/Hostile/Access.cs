namespace Viaduct.Machine.Tests.Hostile;

/// <summary>The ways in which <see cref="AccessGuest"/> touches the machine.</summary>
internal enum Access
{
    Write,
    Read,
    Output,
    Input,

    /// <summary>No access: as many turns of a loop as the value says, for devices to get to work.</summary>
    Wait,
    End,
}
