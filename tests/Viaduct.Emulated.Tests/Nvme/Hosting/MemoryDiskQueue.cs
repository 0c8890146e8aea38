using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>Carries requests out when they are reaped, in order.</summary>
internal sealed class MemoryDiskQueue(MemoryDisk disk, int depth) : IBlockQueue
{
    private readonly Held[] _held = new Held[depth];
    private readonly AutoResetEvent _wake = new(false);
    private int _first;

    public int InFlight { get; private set; }

    public bool TrySubmit(in BlockRequest request)
    {
        if (InFlight == depth)
        {
            return false;
        }

        ref Held held = ref _held[(_first + InFlight) % depth];
        held.Segments ??= new HostSegment[1024];
        request.Segments.CopyTo(held.Segments);
        held.Count = request.Segments.Length;
        held.Operation = request.Operation;
        held.Offset = request.Offset;
        held.Length = request.Length;
        held.Token = request.Token;
        held.Durable = request.ForceUnitAccess;
        InFlight++;
        return true;
    }

    public int Reap(Span<BlockCompletion> completions)
    {
        int count = 0;
        while (InFlight != 0 && count < completions.Length && !disk.Hold)
        {
            ref Held held = ref _held[_first];
            const int InputOutputError = 5;
            bool inside = held.Offset + held.Length <= disk.Length;
            int error = disk.Error == 0 && !inside ? InputOutputError : disk.Error;
            if (error == 0)
            {
                CarryOut(in held);
            }

            completions[count++] = new BlockCompletion(held.Token, error);
            _first = (_first + 1) % depth;
            InFlight--;
        }

        return count;
    }

    public void Wait() => Wait(Timeout.InfiniteTimeSpan);

    public void Wait(TimeSpan longest)
    {
        if (InFlight == 0 || disk.Hold)
        {
            _wake.WaitOne(longest);
        }
    }

    public void Wake() => _wake.Set();

    public void Dispose() => _wake.Dispose();

    private void CarryOut(in Held held)
    {
        if (disk.Record)
        {
            lock (disk.Carried)
            {
                disk.Carried.Add((held.Operation, held.Offset, held.Length, held.Durable));
            }
        }

        if (held.Operation == BlockOperation.Flush)
        {
            return;
        }

        Span<byte> range = disk.Bytes.AsSpan(checked((int)held.Offset), checked((int)held.Length));
        ReadOnlySpan<HostSegment> segments = held.Segments.AsSpan(0, held.Count);
        switch (held.Operation)
        {
            case BlockOperation.Read:
                foreach (HostSegment segment in segments)
                {
                    range[..(int)segment.Length].CopyTo(segment.Span);
                    range = range[(int)segment.Length..];
                }

                Xunit.Assert.True(range.IsEmpty);
                break;
            case BlockOperation.Write:
                foreach (HostSegment segment in segments)
                {
                    segment.Span.CopyTo(range);
                    range = range[(int)segment.Length..];
                }

                Xunit.Assert.True(range.IsEmpty);
                break;
            default:
                range.Clear();
                break;
        }
    }

    private struct Held
    {
        internal HostSegment[]? Segments;
        internal int Count;
        internal BlockOperation Operation;
        internal ulong Offset;
        internal ulong Length;
        internal ulong Token;
        internal bool Durable;
    }
}
