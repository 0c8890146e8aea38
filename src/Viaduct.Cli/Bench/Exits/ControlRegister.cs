using System.Diagnostics;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>Where the guest asks how often: between two questions it did what it was told.</summary>
internal sealed class ControlRegister : IAccessHandler, IDisposable
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _told = new(0);
    private volatile bool _stopping;
    private long _begin;
    private long _end;
    private int _count;

    /// <summary>Waits for the guest, tells it a count, and waits until it asks again.</summary>
    /// <returns><see cref="Stopwatch"/> ticks in between; null when the guest didn't come back.</returns>
    internal long? Measure(int count, TimeSpan patience)
    {
        if (_begin == 0 && !_asked.Wait(patience))
        {
            return null;
        }

        _count = count;
        _told.Release();
        return _asked.Wait(patience) ? _end - _begin : null;
    }

    /// <summary>Holds the guest no more.</summary>
    internal void Stop()
    {
        _stopping = true;
        _told.Release();
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        _end = Stopwatch.GetTimestamp();
        value = 0;
        if (_stopping)
        {
            return AccessStatus.Done;
        }

        _asked.Release();
        _told.Wait();
        value = _stopping ? 0 : (ulong)_count;
        _begin = Stopwatch.GetTimestamp();
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value) => AccessStatus.Done;

    public void Dispose()
    {
        _asked.Dispose();
        _told.Dispose();
    }
}
