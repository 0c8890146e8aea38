namespace Viaduct.Machine.Tests.Hostile;

/// <summary>The ways in which <see cref="AccessGuest"/> touches the machine.</summary>
internal enum Access
{
    Write,
    Read,
    Output,
    Input,
    End,
}
