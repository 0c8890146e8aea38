using System.Text;
using Viaduct.Emulated.Serial;

namespace Viaduct.Cli.Guests;

/// <summary>
/// A guest's console for a program to read: lines one by one, the last of them kept for when something goes wrong.
/// Called on the serial port's thread alone; the tail may be asked for from any.
/// </summary>
internal sealed class GuestConsole : ISerialSink
{
    private const int LongestLine = 1024;
    private const int TailLines = 40;

    private readonly Action<string> _line;
    private readonly TextWriter? _copy;
    private readonly Queue<string> _tail = new();
    private readonly byte[] _bytes = new byte[LongestLine];
    private int _length;

    /// <param name="line">Called with each line, without its end.</param>
    /// <param name="copy">Where every line goes too, or null.</param>
    internal GuestConsole(Action<string> line, TextWriter? copy = null)
    {
        _line = line;
        _copy = copy;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (value == '\n')
            {
                Finish();
            }
            else if (value != '\r' && _length < LongestLine)
            {
                _bytes[_length++] = value;
            }
        }
    }

    /// <summary>The last whole lines.</summary>
    internal string Tail()
    {
        lock (_tail)
        {
            return string.Join('\n', _tail);
        }
    }

    private void Finish()
    {
        string line = Encoding.UTF8.GetString(_bytes, 0, _length);
        _length = 0;
        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
            {
                _tail.Dequeue();
            }
        }

        _copy?.WriteLine(line);
        _line(line);
    }
}
