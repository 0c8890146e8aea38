using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>What the worker of a controller without a namespace sleeps on, in the place of a disk.</summary>
internal sealed class IdleQueue : IBlockQueue
{
    private readonly AutoResetEvent _wake = new(false);

    /// <inheritdoc/>
    public int InFlight => 0;

    /// <inheritdoc/>
    public bool TrySubmit(in BlockRequest request) => false;

    /// <inheritdoc/>
    public int Reap(Span<BlockCompletion> completions) => 0;

    /// <inheritdoc/>
    public void Wait() => _wake.WaitOne();

    /// <inheritdoc/>
    public void Wait(TimeSpan longest) => _wake.WaitOne(longest);

    /// <inheritdoc/>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();
}
