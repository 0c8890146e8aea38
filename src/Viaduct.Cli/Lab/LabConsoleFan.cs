using System.Text;
using Viaduct.Cli.Guests;
using Viaduct.Cli.Lab.Consoles;
using Viaduct.Emulated.Serial;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>Brings a guest's output to its console and, line by line, to whoever follows it.</summary>
internal sealed class LabConsoleFan : ISerialSink
{
    private readonly GuestConsole _lines;
    private readonly ILabConsole _console;
    private readonly IEventLog _log;

    /// <param name="guest">The guest's name, for the log.</param>
    /// <param name="console">The console.</param>
    /// <param name="mark">Called with each of the guest's marks.</param>
    /// <param name="copy">Where lines go with the guest's name before them, or null.</param>
    /// <param name="log">Told when the console fails.</param>
    internal LabConsoleFan(string guest, ILabConsole console, Action<GuestMark> mark, TextWriter? copy, IEventLog log)
    {
        _console = console;
        _log = log;
        _lines = new GuestConsole(line =>
        {
            copy?.WriteLine($"{guest}: {Printable(line)}");
            if (GuestMark.TryParse(line) is { } read)
            {
                mark(read);
            }
        });
    }

    /// <summary>The last lines.</summary>
    internal string Tail() => string.Join('\n', _lines.Tail().Split('\n').Select(Printable));

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _console.Write(bytes);
        }
        catch (IOException error)
        {
            _log.Warn("console", $"output is lost: {error.Message}");
        }

        _lines.Write(bytes);
    }

    /// <summary>What a guest wrote, without what would steer a terminal.</summary>
    internal static string Printable(string line)
    {
        StringBuilder safe = new(line.Length);
        foreach (char value in line)
        {
            safe.Append(char.IsControl(value) && value != '\t' ? '?' : value);
        }

        return safe.ToString();
    }
}
