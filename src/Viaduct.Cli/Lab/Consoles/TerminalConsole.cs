using Viaduct.Cli.Console;
using Viaduct.Cli.Guests;
using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>This terminal. Ctrl-A X leaves, which ends the lab.</summary>
internal sealed class TerminalConsole : ILabConsole
{
    private readonly StandardOutputSink _output = new();
    private readonly TerminalWatcher _terminal;

    /// <param name="leave">Called when the user asks to leave.</param>
    internal TerminalConsole(Action leave) => _terminal = new TerminalWatcher(leave);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    /// <inheritdoc/>
    public void Started(VirtualMachine machine) => _terminal.Started(machine);

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine) => _terminal.Ended(machine);

    /// <inheritdoc/>
    public void Dispose() => _terminal.Dispose();
}
