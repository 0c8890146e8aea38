using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Paravirtual.Tests.Support;

internal sealed class MemoryQueue : IBlockQueue
{
    private readonly MemoryBackend _backend;
    private readonly BlockCompletion[] _done;
    private readonly AutoResetEvent _wake = new(false);
    private int _count;

    internal MemoryQueue(MemoryBackend backend, int depth)
    {
        _backend = backend;
        _done = new BlockCompletion[depth];
    }

    public int InFlight => _count;

    public bool TrySubmit(in BlockRequest request)
    {
        if (_count == _done.Length)
        {
            return false;
        }

        if (_backend.Error == 0)
        {
            CarryOut(request);
        }

        _done[_count++] = new BlockCompletion(request.Token, _backend.Error);
        return true;
    }

    public int Reap(Span<BlockCompletion> completions)
    {
        if (_backend.Hold)
        {
            return 0;
        }

        int count = Math.Min(_count, completions.Length);
        _done.AsSpan(0, count).CopyTo(completions);
        _done.AsSpan(count, _count - count).CopyTo(_done);
        _count -= count;
        return count;
    }

    public void Wait() => Wait(Timeout.InfiniteTimeSpan);

    public void Wait(TimeSpan longest)
    {
        if (_count == 0 || _backend.Hold)
        {
            _wake.WaitOne(longest);
        }
    }

    public void Wake() => _wake.Set();

    public void Dispose() => _wake.Dispose();

    /// <summary>Turns the completions round and lets them go.</summary>
    internal void ReleaseReversed()
    {
        _done.AsSpan(0, _count).Reverse();
        _backend.Hold = false;
        Wake();
    }

    private void CarryOut(in BlockRequest request)
    {
        Span<byte> disk = _backend.Bytes.Slice((int)request.Offset, (int)request.Length);
        switch (request.Operation)
        {
            case BlockOperation.Flush:
                _backend.Flushes++;
                break;
            case BlockOperation.Read or BlockOperation.Write:
                foreach (ref readonly HostSegment segment in request.Segments)
                {
                    Span<byte> memory = segment.Span;
                    if (request.Operation == BlockOperation.Read)
                    {
                        disk[..memory.Length].CopyTo(memory);
                    }
                    else
                    {
                        memory.CopyTo(disk);
                    }

                    disk = disk[memory.Length..];
                }

                Assert.True(disk.IsEmpty, "the segments' sum is the length");
                _backend.DurableWrites += request.ForceUnitAccess ? 1 : 0;
                break;
            default:
                disk.Clear();
                _backend.UnmappedRanges += request.Operation == BlockOperation.WriteZeroes ? 0 : 1;
                break;
        }
    }
}
