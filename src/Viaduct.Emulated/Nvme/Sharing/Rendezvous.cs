namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>
/// What a command waits for whose effect others bring about: each worker it concerns arrives once it has followed. The
/// one who waits is woken by the last. Any thread.
/// </summary>
internal sealed class Rendezvous(Action wake)
{
    // Whoever makes it counts, too, until all are asked.
    private int _missing = 1;

    internal bool IsPassed => Volatile.Read(ref _missing) == 0;

    internal void Expect() => Interlocked.Increment(ref _missing);

    internal void Arrive()
    {
        if (Interlocked.Decrement(ref _missing) == 0)
        {
            wake();
        }
    }
}
