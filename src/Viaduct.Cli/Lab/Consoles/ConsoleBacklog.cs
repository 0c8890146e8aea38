namespace Viaduct.Cli.Lab.Consoles;

/// <summary>The last bytes that a guest wrote, by their place in all that it wrote. For any thread; writing never waits.</summary>
internal sealed class ConsoleBacklog
{
    private readonly Lock _lock = new();
    private readonly byte[] _ring;
    private long _end;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="capacity">How many are kept.</param>
    internal ConsoleBacklog(int capacity) => _ring = new byte[capacity];

    /// <summary>Where the oldest byte that is kept stands.</summary>
    internal long Start
    {
        get
        {
            lock (_lock)
            {
                return Oldest;
            }
        }
    }

    private long Oldest => Math.Max(0, _end - _ring.Length);

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                _ring[_end % _ring.Length] = value;
                _end++;
            }

            waiting = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }

    /// <summary>Copies what stands from a place on.</summary>
    /// <param name="place">The place; moves on. Where what stood there is gone, it moves to the oldest byte.</param>
    /// <param name="buffer">Gets the bytes.</param>
    /// <param name="lost">How many bytes were gone.</param>
    /// <param name="more">Completes when there is more; for when nothing was copied.</param>
    internal int Read(ref long place, Span<byte> buffer, out long lost, out Task more)
    {
        lock (_lock)
        {
            lost = Math.Max(0, Oldest - place);
            place += lost;
            int count = (int)Math.Min(buffer.Length, _end - place);
            for (int i = 0; i < count; i++)
            {
                buffer[i] = _ring[(place + i) % _ring.Length];
            }

            place += count;
            more = _more.Task;
            return count;
        }
    }
}
