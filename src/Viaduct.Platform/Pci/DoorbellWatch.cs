namespace Viaduct.Platform.Pci;

/// <summary>
/// How a device's worker watches doorbells that are memory to the guest: after work it looks again and again for some
/// tens of microseconds, then every now and then, and after some milliseconds in vain it has the page trapped and sleeps.
/// Without a host that maps the page it sleeps at once. Worker only.
/// </summary>
public sealed class DoorbellWatch
{
    private const int SpinIterations = 64;

    private static readonly TimeSpan _spin = TimeSpan.FromMicroseconds(40);
    private static readonly TimeSpan _doze = TimeSpan.FromMicroseconds(60);
    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(4);

    // A guest's monitor that doesn't answer costs no more than this often a look.
    private static readonly TimeSpan _unanswered = TimeSpan.FromMilliseconds(2);

    private readonly DoorbellPage _page;
    private readonly TimeProvider _time;
    private long _idleSince;
    private bool _idle;
    private bool _asked;

    /// <param name="page">The doorbells.</param>
    /// <param name="time">The clock.</param>
    public DoorbellWatch(DoorbellPage page, TimeProvider time)
    {
        _page = page;
        _time = time;
    }

    /// <summary>Says that there was work.</summary>
    public void Worked()
    {
        _idle = false;
        _asked = false;
        if (_page.Trap is not null && _page.IsTold)
        {
            _page.Disarm();
        }
    }

    /// <summary>
    /// Passes time until the worker is to look again.
    /// </summary>
    /// <returns>How long it may sleep, if not woken: zero to look at once, <see cref="Timeout.InfiniteTimeSpan"/> for good.</returns>
    public TimeSpan Pause()
    {
        if (_page.Trap is null || _page.IsTold)
        {
            return Timeout.InfiniteTimeSpan;
        }

        if (!_idle)
        {
            _idle = true;
            _idleSince = _time.GetTimestamp();
        }

        TimeSpan idle = _time.GetElapsedTime(_idleSince);
        if (idle < _spin)
        {
            Thread.SpinWait(SpinIterations);
            return TimeSpan.Zero;
        }

        if (idle < _patience)
        {
            return _doze;
        }

        if (!_asked)
        {
            _asked = true;
            _page.Arm();
        }

        return _unanswered;
    }
}
