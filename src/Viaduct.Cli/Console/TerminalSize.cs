using System.Runtime.InteropServices;
using Viaduct.Machine;

namespace Viaduct.Cli.Console;

/// <summary>Tells a guest's console the terminal's size, now and whenever it changes.</summary>
internal sealed unsafe class TerminalSize : IDisposable
{
    /// <summary>SIGWINCH, by its number: the name is refused where there might be no such signal.</summary>
    private const int WindowChanged = 28;

    private readonly MachineConsole _console;
    private readonly PosixSignalRegistration _changed;

    internal TerminalSize(MachineConsole console)
    {
        _console = console;
        _changed = PosixSignalRegistration.Create((PosixSignal)WindowChanged, _ => Tell());
        Tell();
    }

    /// <inheritdoc/>
    public void Dispose() => _changed.Dispose();

    private void Tell()
    {
        TerminalCalls.WindowSize size;
        if (TerminalCalls.ioctl(TerminalCalls.StandardInput, TerminalCalls.TIOCGWINSZ, &size) == 0)
        {
            _console.Resize(size.Columns, size.Rows);
        }
    }
}
