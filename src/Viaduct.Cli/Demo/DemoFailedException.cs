using Viaduct.Cli.Guests;

namespace Viaduct.Cli.Demo;

/// <summary>The guest didn't do what the demonstration asked of it.</summary>
/// <param name="message">What happened.</param>
/// <param name="console">The end of what the guest wrote on its console.</param>
internal sealed class DemoFailedException(string message, string console) : Exception(message)
{
    internal string GuestConsole { get; } = console;
}
