using Viaduct.Cli.Console;
using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>This terminal. Ctrl-A X leaves, which ends the lab.</summary>
internal sealed class TerminalConsole : ILabConsole
{
    private readonly StandardOutputSink _output = new();
    private readonly Action _leave;
    private ConsoleInput? _input;
    private RawTerminal? _terminal;

    /// <param name="leave">Called when the user asks to leave.</param>
    internal TerminalConsole(Action leave) => _leave = leave;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    /// <inheritdoc/>
    public void Connect(MachineConsole console)
    {
        _terminal ??= new RawTerminal();
        _input ??= new ConsoleInput(_leave);
        _input.Connect(console);
    }

    /// <inheritdoc/>
    public void Disconnect() => Dispose();

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminal?.Dispose();
        _terminal = null;
    }
}
