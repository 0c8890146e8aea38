using Viaduct.Platform.Host;

namespace Viaduct.Platform.Accounting;

/// <summary>The CPU time of a thread of this process, by its Linux thread id.</summary>
internal static unsafe class ThreadClock
{
    internal static TimeSpan Read(int threadId)
    {
        // The kernel's encoding of a thread's clock: ~tid in the upper bits, then CPUCLOCK_PERTHREAD | CPUCLOCK_SCHED.
        int clock = (~threadId << 3) | 6;
        Libc.Timespec time;
        return Libc.clock_gettime(clock, &time) == 0
            ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / 100))
            : TimeSpan.Zero;
    }
}
