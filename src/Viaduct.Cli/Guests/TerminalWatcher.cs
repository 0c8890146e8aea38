using Viaduct.Cli.Console;
using Viaduct.Machine;

namespace Viaduct.Cli.Guests;

/// <summary>Gives this terminal's keys and size to a guest while it runs.</summary>
internal sealed class TerminalWatcher : IGuestWatcher, IDisposable
{
    private readonly Action? _leave;
    private readonly Action? _save;
    private ConsoleInput? _input;
    private RawTerminal? _terminal;
    private TerminalSize? _size;
    private VirtualMachine? _current;

    /// <param name="leave">What Ctrl-A X does; null for switching the guest off.</param>
    /// <param name="save">What Ctrl-A S does; null where it does nothing.</param>
    internal TerminalWatcher(Action? leave = null, Action? save = null)
    {
        _leave = leave;
        _save = save;
    }

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        _current = machine;
        _terminal = new RawTerminal();
        _size = new TerminalSize(machine.Console);
        _input ??= new ConsoleInput(_leave ?? (() => _current.Stop()), _save);
        _input.Connect(machine.Console);
    }

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine) => Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _size?.Dispose();
        _terminal?.Dispose();
        _size = null;
        _terminal = null;
    }
}
