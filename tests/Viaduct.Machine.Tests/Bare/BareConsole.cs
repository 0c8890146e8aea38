using System.Text;
using Viaduct.Emulated.Serial;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>Keeps what a guest prints, and tells of the first byte.</summary>
internal sealed class BareConsole : ISerialSink
{
    private const int Most = 1 << 16;
    private readonly StringBuilder _text = new();
    private readonly TaskCompletionSource _spoke = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the first byte.</summary>
    public Task Spoke => _spoke.Task;

    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>Waits until the text ends so. False when the time ran out.</summary>
    public bool WaitForEnd(string end, TimeSpan patience)
    {
        lock (_text)
        {
            while (!_text.ToString().EndsWith(end, StringComparison.Ordinal))
            {
                if (!Monitor.Wait(_text, patience))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_text)
        {
            _ = _text.Append(Encoding.Latin1.GetString(bytes));
            if (_text.Length > Most)
            {
                _ = _text.Remove(0, _text.Length - Most);
            }

            Monitor.PulseAll(_text);
        }

        _ = _spoke.TrySetResult();
    }
}
