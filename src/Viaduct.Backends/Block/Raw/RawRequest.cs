using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Block.Raw;

/// <summary>
/// A request on its way, in native memory that the kernel may read at any time: a small state machine that names the
/// next system call (<see cref="Next"/>) and takes its result (<see cref="Advance"/>) until the request is done.
/// Short transfers, host alignment and missing abilities of the file system are dealt with here, once for both engines.
/// </summary>
internal unsafe struct RawRequest
{
    /// <summary>What the kernel may do again at once before we give its EAGAIN to the guest as an error.</summary>
    private const int MaximumRetries = 1000;
    private const int BounceLength = 128 * 1024;
    private const int BounceAlignment = 4096;
    private const int ZeroFillSegments = 64;
    private const int InitialSegments = 16;

    private HostSegment* _segments;
    private int _capacity;
    private int _count;
    private int _first;
    private byte* _bounce;
    private HostSegment _bounceSegment;
    private ulong _offset;
    private ulong _remaining;
    private int _retries;
    private BlockOperation _operation;
    private RawPhase _phase;
    private bool _durable;

    /// <summary>The submitter's.</summary>
    internal ulong Token;

    /// <summary>Zero, or the errno; valid when the request is done.</summary>
    internal int Error;

    /// <summary>Frees the native buffers.</summary>
    internal void Free()
    {
        NativeMemory.Free(_segments);
        NativeMemory.AlignedFree(_bounce);
        this = default;
    }

    /// <summary>Takes a request. True when it needs no system call: it is done.</summary>
    internal bool Begin(in BlockRequest request, RawFile file)
    {
        Token = request.Token;
        Error = 0;
        _operation = request.Operation;
        _offset = request.Offset;
        _remaining = request.Length;
        _durable = request.ForceUnitAccess;
        _retries = 0;
        _count = 0;
        _first = 0;
        _phase = RawPhase.Done;
        Error = Check(request, file);
        if (Error != 0)
        {
            return true;
        }

        _phase = FirstPhase(request, file);
        return _phase == RawPhase.Done;
    }

    /// <summary>The system call that brings the request on.</summary>
    internal RawStep Next(RawFile file)
    {
        RawStep step = new() { Offset = _offset, Length = _remaining };
        switch (_phase)
        {
            case RawPhase.Transfer:
                step.Segments = _segments + _first;
                step.SegmentCount = Math.Min(_count - _first, FileCalls.IOV_MAX);
                break;
            case RawPhase.Bounce:
                PrepareBounce();
                step.Segments = (HostSegment*)Unsafe.AsPointer(ref _bounceSegment);
                step.SegmentCount = 1;
                break;
            case RawPhase.ZeroFill:
                step.SegmentCount = PrepareZeroes(file);
                step.Segments = _segments;
                break;
            case RawPhase.Punch:
                step.Call = RawCall.Allocate;
                step.Flags = FileCalls.FALLOC_FL_PUNCH_HOLE | FileCalls.FALLOC_FL_KEEP_SIZE;
                return step;
            case RawPhase.ZeroRange:
                step.Call = RawCall.Allocate;
                step.Flags = FileCalls.FALLOC_FL_ZERO_RANGE | FileCalls.FALLOC_FL_KEEP_SIZE;
                return step;
            default:
                step.Call = RawCall.Sync;
                return step;
        }

        step.Call = _operation == BlockOperation.Read ? RawCall.Read : RawCall.Write;
        step.Flags = _durable && step.Call == RawCall.Write && file.CanWriteThrough ? FileCalls.RWF_DSYNC : 0;
        return step;
    }

    /// <summary>Takes the system call's result: bytes or zero, or a negated errno. True when the request is done.</summary>
    internal bool Advance(RawFile file, long result)
    {
        if (result is -Errno.EINTR or -Errno.EAGAIN && ++_retries <= MaximumRetries)
        {
            return false;
        }

        RawPhase next = result < 0 ? AfterError(file, (int)-result) : AfterSuccess(file, (ulong)result);
        if (next == RawPhase.Sync && !_durable && _operation != BlockOperation.Flush)
        {
            next = RawPhase.Done;
        }

        _phase = next;
        return next == RawPhase.Done;
    }

    private static int Check(in BlockRequest request, RawFile file)
    {
        if (request.Operation == BlockOperation.Flush)
        {
            return file.SyncError;
        }

        if (request.Operation != BlockOperation.Read && file.ReadOnly)
        {
            return Errno.EROFS;
        }

        ulong mask = (ulong)file.BlockSize - 1;
        ulong length = file.Length;
        bool inside = request.Offset <= length && request.Length <= length - request.Offset;
        return inside && ((request.Offset | request.Length) & mask) == 0 ? 0 : Errno.EINVAL;
    }

    private RawPhase FirstPhase(in BlockRequest request, RawFile file)
    {
        if (request.Operation == BlockOperation.Flush)
        {
            return RawPhase.Sync;
        }

        if (request.Length == 0)
        {
            return RawPhase.Done;
        }

        switch (request.Operation)
        {
            case BlockOperation.Discard:
                return file.CanDiscard ? RawPhase.Punch : RawPhase.Done;
            case BlockOperation.WriteZeroesUnmap:
                return file.CanDiscard ? RawPhase.Punch : ZeroPhase(file);
            case BlockOperation.WriteZeroes:
                return ZeroPhase(file);
            default:
                return TakeSegments(request, file);
        }
    }

    private static RawPhase ZeroPhase(RawFile file) => file.CanZeroRange ? RawPhase.ZeroRange : RawPhase.ZeroFill;

    private RawPhase TakeSegments(in BlockRequest request, RawFile file)
    {
        Reserve(request.Segments.Length);
        ulong sum = 0;
        bool aligned = true;
        foreach (HostSegment segment in request.Segments)
        {
            if (segment.Length != 0)
            {
                _segments[_count++] = segment;
                sum += segment.Length;
                aligned &= file.TakesDirectly(segment);
            }
        }

        if (sum != request.Length)
        {
            Error = Errno.EINVAL;
            return RawPhase.Done;
        }

        return aligned ? RawPhase.Transfer : RawPhase.Bounce;
    }

    private void Reserve(int count)
    {
        if (count > _capacity)
        {
            _capacity = Math.Max(count, InitialSegments);
            _segments = (HostSegment*)NativeMemory.Realloc(_segments, (nuint)_capacity * (nuint)sizeof(HostSegment));
        }
    }

    private RawPhase AfterSuccess(RawFile file, ulong moved)
    {
        switch (_phase)
        {
            case RawPhase.Sync:
                file.NoteSynced();
                return RawPhase.Done;
            case RawPhase.Punch:
            case RawPhase.ZeroRange:
                return RawPhase.Sync;
            default:
                return AfterTransfer(file, moved);
        }
    }

    private RawPhase AfterTransfer(RawFile file, ulong moved)
    {
        if (moved == 0 || moved > _remaining)
        {
            // The file was made shorter behind our back, or the kernel takes no more: no progress is to be had.
            Error = Errno.EIO;
            return RawPhase.Done;
        }

        _retries = 0;
        if (_phase != RawPhase.ZeroFill)
        {
            MoveCursor(moved, scatter: _phase == RawPhase.Bounce && _operation == BlockOperation.Read);
        }

        _offset += moved;
        _remaining -= moved;
        if (_remaining != 0)
        {
            return _phase;
        }

        if (_durable && _operation != BlockOperation.Read && file.CanWriteThrough)
        {
            file.NoteSynced();
            return RawPhase.Done;
        }

        return _operation == BlockOperation.Read ? RawPhase.Done : RawPhase.Sync;
    }

    private RawPhase AfterError(RawFile file, int error)
    {
        if (error == Errno.EOPNOTSUPP)
        {
            switch (_phase)
            {
                case RawPhase.Punch:
                    file.CanDiscard = false;
                    return _operation == BlockOperation.Discard ? RawPhase.Done : ZeroPhase(file);
                case RawPhase.ZeroRange:
                    file.CanZeroRange = false;
                    return RawPhase.ZeroFill;
                case RawPhase.Transfer or RawPhase.Bounce or RawPhase.ZeroFill when _durable && file.CanWriteThrough:
                    file.CanWriteThrough = false;
                    return _phase;
            }
        }

        if (_phase == RawPhase.Sync || (_durable && _operation != BlockOperation.Read))
        {
            file.NoteSyncFailed(error);
        }

        Error = error;
        return RawPhase.Done;
    }

    private void PrepareBounce()
    {
        if (_bounce is null)
        {
            _bounce = (byte*)NativeMemory.AlignedAlloc(BounceLength, BounceAlignment);
        }

        ulong length = Math.Min(_remaining, BounceLength);
        _bounceSegment = new HostSegment(_bounce, (nuint)length);
        if (_operation == BlockOperation.Read)
        {
            return;
        }

        byte* to = _bounce;
        for (int i = _first; length != 0; i++)
        {
            ulong part = Math.Min(length, _segments[i].Length);
            Buffer.MemoryCopy(_segments[i].Address, to, part, part);
            to += part;
            length -= part;
        }
    }

    private int PrepareZeroes(RawFile file)
    {
        Reserve(ZeroFillSegments);
        ulong left = _remaining;
        int count = 0;
        while (left != 0 && count < ZeroFillSegments)
        {
            ulong part = Math.Min(left, RawFile.ZeroesLength);
            _segments[count++] = new HostSegment(file.Zeroes, (nuint)part);
            left -= part;
        }

        return count;
    }

    private void MoveCursor(ulong moved, bool scatter)
    {
        byte* from = _bounce;
        while (moved != 0)
        {
            HostSegment segment = _segments[_first];
            ulong part = Math.Min(moved, segment.Length);
            if (scatter)
            {
                Buffer.MemoryCopy(from, segment.Address, part, part);
                from += part;
            }

            moved -= part;
            if (part == segment.Length)
            {
                _first++;
            }
            else
            {
                _segments[_first] = new HostSegment((byte*)segment.Address + part, segment.Length - (nuint)part);
            }
        }
    }
}
