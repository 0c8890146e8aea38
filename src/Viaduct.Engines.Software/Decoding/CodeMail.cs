using System.Collections.Concurrent;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>
/// What others have to tell a processor of code: pages whose write tags it must give up since another decodes them, and
/// pages that changed. It looks at its next block border; while it touches no memory nobody needs to wait for it.
/// </summary>
internal sealed class CodeMail
{
    // Requests in the queue; where more come before the processor looks, it gives all tags up.
    private const int MostRequests = 8;

    private readonly ConcurrentQueue<nuint> _protected = new();
    private readonly ConcurrentQueue<nuint> _changed = new();
    private readonly MapFollower _map;
    private readonly ICpuKick _kick;
    private long _heeded;
    private int _requests;
    private volatile bool _tooMany;
    private volatile bool _any;

    /// <param name="map">Knows whether the processor touches memory now.</param>
    /// <param name="kick">The processor.</param>
    internal CodeMail(MapFollower map, ICpuKick kick)
    {
        _map = map;
        _kick = kick;
    }

    /// <summary>Whether there is mail. Processor.</summary>
    internal bool IsEmpty => !_any;

    /// <summary>Which processor this is: its bit in <see cref="WatchedPage.Holders"/>.</summary>
    internal int Number { get; set; }

    /// <summary>Whether a request has been heeded, or will be before the processor touches memory again. Any thread.</summary>
    internal bool HasHeeded(long request) => _map.IsOutside || Volatile.Read(ref _heeded) >= request;

    /// <summary>Asks for write tags of a page of host memory. Any thread.</summary>
    internal void Protect(nuint host)
    {
        if (Interlocked.Increment(ref _requests) <= MostRequests)
        {
            _protected.Enqueue(host);
        }
        else
        {
            _ = Interlocked.Decrement(ref _requests);
            _tooMany = true;
        }

        _any = true;
    }

    /// <summary>Says that a page of host memory that it holds code of changed. Any thread.</summary>
    internal void Change(nuint host)
    {
        _changed.Enqueue(host);
        _any = true;
    }

    /// <summary>Gets the processor to look, unless it sleeps: it looks when it wakes.</summary>
    internal void Announce()
    {
        Interlocked.MemoryBarrier();
        if (!_map.IsOutside)
        {
            _kick.Kick();
        }
    }

    /// <summary>All mail is about to be taken. Processor.</summary>
    internal void Open()
    {
        _any = false;
        Interlocked.MemoryBarrier();
    }

    /// <summary>Takes a request for a page's write tags.</summary>
    internal bool TryTakeProtected(out nuint host)
    {
        bool taken = _protected.TryDequeue(out host);
        if (taken)
        {
            _ = Interlocked.Decrement(ref _requests);
        }

        return taken;
    }

    /// <summary>Takes the request for all write tags, that is made where too many pages' would be.</summary>
    internal bool TryTakeAll()
    {
        bool all = _tooMany;
        _tooMany = false;
        Interlocked.MemoryBarrier();
        return all;
    }

    /// <summary>Takes a changed page.</summary>
    internal bool TryTakeChanged(out nuint host) => _changed.TryDequeue(out host);

    /// <summary>Requests up to one have been heeded. Processor.</summary>
    internal void Heed(long request) => Volatile.Write(ref _heeded, request);
}
