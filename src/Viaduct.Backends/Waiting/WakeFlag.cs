namespace Viaduct.Backends.Waiting;

/// <summary>
/// Says whether a worker must be woken: any thread raises it, and only where the worker sleeps pays for the system call
/// that wakes it. Always an interlocked exchange, so that what the waker stored before is seen by a worker that takes the flag.
/// </summary>
internal struct WakeFlag
{
    private const int Awake = 0;
    private const int Raised = 1;
    private const int Asleep = 2;
    private int _state;

    /// <summary>Any thread. True when the worker sleeps and must be woken.</summary>
    internal bool Raise() => Interlocked.Exchange(ref _state, Raised) == Asleep;

    /// <summary>Worker's thread, before it sleeps. False when the flag is raised: it must not sleep.</summary>
    internal bool TrySleep() => Interlocked.CompareExchange(ref _state, Asleep, Awake) == Awake;

    /// <summary>Worker's thread. Whether the flag is raised.</summary>
    internal readonly bool IsRaised => Volatile.Read(in _state) == Raised;

    /// <summary>Worker's thread, when it is back: takes the flag down.</summary>
    internal void Rise() => Interlocked.Exchange(ref _state, Awake);
}
