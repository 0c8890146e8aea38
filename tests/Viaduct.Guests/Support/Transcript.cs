using System.Text;
using Viaduct.Emulated.Serial;

namespace Viaduct.Guests.Support;

/// <summary>All that a guest wrote on its console, and a wait for what it is to write.</summary>
internal sealed class Transcript : ISerialSink
{
    private readonly StringBuilder _text = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];

    internal string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_text)
        {
            _text.Append(Encoding.UTF8.GetString(bytes));
            foreach ((string text, TaskCompletionSource seen) in _awaited)
            {
                if (_text.ToString().Contains(text, StringComparison.Ordinal))
                {
                    seen.TrySetResult();
                }
            }
        }
    }

    /// <summary>Completes once the guest has written something.</summary>
    internal Task Seen(string text)
    {
        lock (_text)
        {
            if (_text.ToString().Contains(text, StringComparison.Ordinal))
            {
                return Task.CompletedTask;
            }

            TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, seen));
            return seen.Task;
        }
    }

    /// <summary>The words behind a mark that a script wrote on a line of its own: <c>MARK words</c>.</summary>
    internal string After(string mark) =>
        Text.Split('\n').Select(line => line.Trim('\r')).First(line => line.StartsWith(mark + " ", StringComparison.Ordinal))[(mark.Length + 1)..];
}
