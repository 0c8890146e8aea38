using Viaduct.Platform.Host;

namespace Viaduct.Backends.Block;

/// <summary>
/// A stream of requests to a back-end, driven by one worker thread; only <see cref="Wake"/> is for other threads.
/// Requests run at the same time and finish in any order; a flush covers the writes that completed before it was submitted.
/// </summary>
public interface IBlockQueue : IDisposable
{
    /// <summary>Requests that are submitted and not yet reaped.</summary>
    int InFlight { get; }

    /// <summary>
    /// Takes a request; the segments are copied, the bytes they name are not and must stay until it completes.
    /// It need not start before the next <see cref="Reap"/> or <see cref="Wait"/>, so that several start in one system call.
    /// </summary>
    /// <returns>False when as many are under way as the depth allows.</returns>
    bool TrySubmit(in BlockRequest request);

    /// <summary>Starts what was submitted and takes completions that are there; doesn't wait.</summary>
    /// <returns>How many were written to <paramref name="completions"/>.</returns>
    int Reap(Span<BlockCompletion> completions);

    /// <summary>Starts what was submitted and waits until there is a completion, or until <see cref="Wake"/> was called since the last wait.</summary>
    void Wait();

    /// <summary>As <see cref="Wait()"/>, but not much longer than a time.</summary>
    /// <param name="longest">The time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    void Wait(TimeSpan longest);

    /// <summary>Ends a <see cref="Wait"/>, or the next one. Any thread; cheap when the worker is awake.</summary>
    void Wake();

    /// <summary>Wakes the worker when it is raised, as <see cref="Wake"/> does: for doorbells that an engine turns into an eventfd. Null for a queue that waits for none.</summary>
    EventFd? Bell => null;

    /// <summary>How often <see cref="Bell"/> was raised since this was last asked, as far as <see cref="Reap"/> saw. Worker.</summary>
    ulong TakeRings() => 0;
}
