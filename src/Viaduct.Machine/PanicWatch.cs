using Viaduct.Emulated.Serial;

namespace Viaduct.Machine;

/// <summary>Passes the console on and notices when Linux says that it panicked: a kernel that stops there says so nowhere else.</summary>
internal sealed class PanicWatch : ISerialSink
{
    private const int LongestLine = 256;

    private readonly ISerialSink _inner;
    private readonly Action<string> _panicked;
    private readonly byte[] _line = new byte[LongestLine];
    private int _length;
    private volatile string? _message;

    /// <param name="inner">Where the bytes go.</param>
    /// <param name="panicked">Called once the kernel has said all, with its message.</param>
    internal PanicWatch(ISerialSink inner, Action<string> panicked)
    {
        _inner = inner;
        _panicked = panicked;
    }

    /// <summary>What the kernel said of its panic; null while it hasn't.</summary>
    internal string? Message => _message;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _inner.Write(bytes);
        foreach (byte value in bytes)
        {
            if (value == '\n')
            {
                LookAt(_line.AsSpan(0, _length));
                _length = 0;
            }
            else if (_length < LongestLine)
            {
                _line[_length++] = value;
            }
        }
    }

    private void LookAt(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOf("---[ end Kernel panic - not syncing: "u8);
        if (end >= 0)
        {
            _panicked(_message ?? "Kernel panic");
            return;
        }

        int start = line.IndexOf("Kernel panic - not syncing: "u8);
        if (start >= 0)
        {
            _message = System.Text.Encoding.UTF8.GetString(line[start..]).TrimEnd('\r', ' ');
        }
    }
}
