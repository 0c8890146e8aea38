namespace Viaduct.Cli.Console;

/// <summary>Standard input as a guest's console wants it: every key at once, none interpreted. Put back on dispose and when the process ends.</summary>
internal sealed unsafe class RawTerminal : IDisposable
{
    private readonly bool _isTerminal = TerminalCalls.isatty(TerminalCalls.StandardInput) == 1;
    private TerminalCalls.Termios _before;
    private bool _restored;

    internal RawTerminal()
    {
        if (!_isTerminal)
        {
            return;
        }

        fixed (TerminalCalls.Termios* before = &_before)
        {
            if (TerminalCalls.tcgetattr(TerminalCalls.StandardInput, before) != 0)
            {
                _isTerminal = false;
                return;
            }

            TerminalCalls.Termios raw = *before;
            TerminalCalls.cfmakeraw(&raw);
            _ = TerminalCalls.tcsetattr(TerminalCalls.StandardInput, TerminalCalls.TCSANOW, &raw);
        }

        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        AppDomain.CurrentDomain.UnhandledException += OnUnhandledException;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isTerminal || _restored)
        {
            return;
        }

        _restored = true;
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandledException;
        fixed (TerminalCalls.Termios* before = &_before)
        {
            _ = TerminalCalls.tcsetattr(TerminalCalls.StandardInput, TerminalCalls.TCSANOW, before);
        }
    }

    private void OnProcessExit(object? sender, EventArgs e) => Dispose();

    // An exception that nobody takes, on any thread, ends the process without an exit: this is the last that runs.
    private void OnUnhandledException(object sender, UnhandledExceptionEventArgs e) => Dispose();
}
