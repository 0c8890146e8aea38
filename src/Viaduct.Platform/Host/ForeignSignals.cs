namespace Viaduct.Platform.Host;

/// <summary>
/// Watches the raising of counters that other processes gave. Their maker can have them block again, and fill them, so
/// that who raises one waits for as long as its maker likes; a reset that waits for that thread would wait with it. One
/// that is held up for a second is emptied.
/// </summary>
internal static class ForeignSignals
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);
    private static readonly Lock _lock = new();
    private static readonly HashSet<EventFd> _counters = [];
    private static readonly Timer _timer = new(_ => Look());

    internal static void Add(EventFd counter)
    {
        lock (_lock)
        {
            if (_counters.Add(counter) && _counters.Count == 1)
            {
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    internal static void Remove(EventFd counter)
    {
        lock (_lock)
        {
            _ = _counters.Remove(counter);
        }
    }

    private static void Look()
    {
        EventFd[] held;
        lock (_lock)
        {
            held = [.. _counters.Where(each => each.IsHeldUp())];
        }

        foreach (EventFd counter in held)
        {
            counter.Empty();
        }

        lock (_lock)
        {
            if (_counters.Count != 0)
            {
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
