namespace Viaduct.Cli.Bench;

/// <summary>A bench failed, in its guest or beside it.</summary>
internal sealed class BenchFailedException(string message, string guestConsole) : Exception(message)
{
    /// <summary>The last lines of the guest's console; empty where no guest is to blame.</summary>
    internal string GuestConsole { get; } = guestConsole;
}
