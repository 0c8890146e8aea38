using Viaduct.Cli.Console;
using Viaduct.Machine;

namespace Viaduct.Cli.Guests;

/// <summary>Gives this terminal's keys to a guest while it runs. Ctrl-A X switches the guest off.</summary>
internal sealed class TerminalWatcher : IGuestWatcher, IDisposable
{
    private readonly bool _tellsSize;
    private ConsoleInput? _input;
    private RawTerminal? _terminal;
    private TerminalSize? _size;
    private VirtualMachine? _current;

    /// <param name="tellsSize">Whether the guest's console can be told the terminal's size.</param>
    internal TerminalWatcher(bool tellsSize) => _tellsSize = tellsSize;

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        _current = machine;
        _terminal = new RawTerminal();
        _size = _tellsSize ? new TerminalSize(machine.Console) : null;
        _input ??= new ConsoleInput(() => _current.Stop());
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
