using System.Runtime.InteropServices;
using Viaduct.Cli.Tests.Terminal;

/// <summary>
/// What .NET runs in a process before its Main where DOTNET_STARTUP_HOOKS names this assembly (the name and the lack of
/// a namespace are .NET's): a signal then raises an exception that nobody takes.
/// </summary>
internal static class StartupHook
{
    // Held, since a registration that nobody has is collected, and with it the signal's handler.
    private static readonly List<PosixSignalRegistration> _held = [];

    public static void Initialize() =>
        _held.Add(PosixSignalRegistration.Create(
            (PosixSignal)TerminalPairCalls.SIGUSR1,
            static context =>
            {
                context.Cancel = true;
                new Thread(static () => throw new InvalidOperationException("a fault that a test asked for")).Start();
            }));
}
