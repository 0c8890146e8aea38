namespace Viaduct.Platform.Accounting;

/// <summary>
/// Writes warnings as lines <c>viaduct: SOURCE: MESSAGE</c>. Each source may write a number of lines in an interval;
/// what exceeds it is counted, and the count is written before the source's next line.
/// </summary>
public sealed class EventLog : IEventLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Source> _sources = [];
    private readonly TextWriter _writer;
    private readonly TimeProvider _time;
    private readonly int _lines;
    private readonly TimeSpan _interval;

    /// <param name="writer">Where lines go.</param>
    /// <param name="time">The clock of the interval; the system's if null.</param>
    /// <param name="lines">Lines a source may write in an interval.</param>
    /// <param name="interval">The interval; five seconds if null.</param>
    public EventLog(TextWriter writer, TimeProvider? time = null, int lines = 10, TimeSpan? interval = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lines);
        _writer = writer;
        _time = time ?? TimeProvider.System;
        _lines = lines;
        _interval = interval ?? TimeSpan.FromSeconds(5);
    }

    /// <inheritdoc/>
    public void Warn(string source, string message)
    {
        lock (_lock)
        {
            if (!_sources.TryGetValue(source, out Source? state))
            {
                state = new Source { Began = _time.GetTimestamp() };
                _sources.Add(source, state);
            }
            else if (_time.GetElapsedTime(state.Began) >= _interval)
            {
                Report(source, state);
                state.Began = _time.GetTimestamp();
                state.Written = 0;
            }

            if (state.Written == _lines)
            {
                state.Suppressed++;
                return;
            }

            state.Written++;
            _writer.WriteLine($"viaduct: {source}: {message}");
        }
    }

    /// <summary>Writes the counts that are still held back, before the log ends.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            foreach ((string source, Source state) in _sources)
            {
                Report(source, state);
            }

            _writer.Flush();
        }
    }

    private void Report(string source, Source state)
    {
        if (state.Suppressed != 0)
        {
            _writer.WriteLine($"viaduct: {source}: suppressed {state.Suppressed} more");
            state.Suppressed = 0;
        }
    }

    private sealed class Source
    {
        internal long Began { get; set; }

        internal int Written { get; set; }

        internal long Suppressed { get; set; }
    }
}
