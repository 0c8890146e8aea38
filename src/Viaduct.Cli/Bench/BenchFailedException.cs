using Viaduct.Cli.Guests;

namespace Viaduct.Cli.Bench;

/// <summary>A bench failed in its guest.</summary>
internal sealed class BenchFailedException(string message, string guestConsole) : Exception(message)
{
    /// <summary>The last lines of the guest's console.</summary>
    internal string GuestConsole { get; } = guestConsole;
}
