using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Data;

/// <summary>
/// Turns the data pointer of a command, PRP entries or an SGL, into bytes of this process (NVMe 1.4, 4.3 and 4.4). One
/// command at a time; lists are read once, in bounded pieces, and each address is checked as it is mapped. What isn't in
/// this process has to be copied. Worker only.
/// </summary>
internal sealed class TransferMap
{
    // The worst case of a transfer in PRP pages of 4 KiB is 257; an SGL of more pieces than this is refused.
    private const int MaxSegments = 1024;

    private readonly DmaTarget _dma;
    private readonly HostSegment[] _segments = new HostSegment[MaxSegments];
    private readonly (ulong Start, ulong Length)[] _runs = new (ulong, ulong)[MaxSegments];
    private readonly PrpReader _prp;
    private readonly SglReader _sgl;
    private int _count;
    private int _runCount;
    private DmaDirection _direction;
    private ulong _runStart;
    private ulong _runLength;

    internal TransferMap(DmaTarget dma)
    {
        _dma = dma;
        _prp = new PrpReader(dma, this);
        _sgl = new SglReader(dma, this);
    }

    /// <summary>log2 of the host's memory page (CC.MPS).</summary>
    internal int PageShift { get; set; } = NvmeLimits.SmallestPageShift;

    /// <summary>Whether part of what <see cref="Map"/> found isn't in this process, so that there are no segments.</summary>
    internal bool MustCopy { get; private set; }

    /// <summary>What <see cref="Map"/> found.</summary>
    internal ReadOnlySpan<HostSegment> Segments => _segments.AsSpan(0, _count);

    /// <summary>Where in the host's memory that is, in order.</summary>
    internal ReadOnlySpan<(ulong Start, ulong Length)> Runs => _runs.AsSpan(0, _runCount);

    /// <summary>Says that the segments of runs were written, before their command completes.</summary>
    internal void NoteWritten(ReadOnlySpan<(ulong Start, ulong Length)> runs)
    {
        foreach ((ulong start, ulong length) in runs)
        {
            _dma.NoteWritten(start, length);
        }
    }

    /// <summary>Maps what a command transfers.</summary>
    /// <param name="entry">The command.</param>
    /// <param name="length">Bytes, at most <see cref="NvmeLimits.TransferBytes"/>.</param>
    /// <param name="direction">Which way they go.</param>
    internal NvmeStatus Map(in SubmissionEntry entry, int length, DmaDirection direction)
    {
        _count = 0;
        _runCount = 0;
        _runLength = 0;
        MustCopy = false;
        _direction = direction;
        NvmeStatus status = entry.DataForm switch
        {
            0 => _prp.Read(entry.Data1, entry.Data2, length, PageShift),
            1 => _sgl.Read(entry.Data1, entry.Data2, length),
            // 2 puts metadata in an SGL, which SGLS says isn't there; 3 is reserved.
            _ => NvmeStatus.InvalidField,
        };
        return status == NvmeStatus.Success ? EndRun() : status;
    }

    /// <summary>Maps what an admin command reads from the host, and copies it.</summary>
    internal NvmeStatus CopyIn(in SubmissionEntry entry, Span<byte> destination)
    {
        NvmeStatus status = Map(in entry, destination.Length, DmaDirection.ToDevice);
        if (MustCopy && status == NvmeStatus.Success)
        {
            return ReadRuns(destination);
        }

        if (status == NvmeStatus.Success)
        {
            foreach (HostSegment segment in Segments)
            {
                segment.Span.CopyTo(destination);
                destination = destination[(int)segment.Length..];
            }
        }

        return status;
    }

    /// <summary>Maps what an admin command writes to the host, and copies it.</summary>
    internal NvmeStatus CopyOut(in SubmissionEntry entry, ReadOnlySpan<byte> source)
    {
        NvmeStatus status = Map(in entry, source.Length, DmaDirection.FromDevice);
        if (MustCopy && status == NvmeStatus.Success)
        {
            return WriteRuns(source);
        }

        if (status == NvmeStatus.Success)
        {
            foreach (HostSegment segment in Segments)
            {
                source[..(int)segment.Length].CopyTo(segment.Span);
                source = source[(int)segment.Length..];
            }

            NoteWritten(Runs);
        }

        return status;
    }

    /// <summary>Copies a value of fixed layout to the host.</summary>
    internal NvmeStatus CopyOut<T>(in SubmissionEntry entry, in T value)
        where T : unmanaged => CopyOut(in entry, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Adds a range of guest addresses; neighbours become one segment, as the pages of a transfer often are.</summary>
    internal NvmeStatus Add(ulong address, ulong length)
    {
        if (_runLength != 0 && address == _runStart + _runLength)
        {
            _runLength += length;
            return NvmeStatus.Success;
        }

        NvmeStatus status = EndRun();
        _runStart = address;
        _runLength = length;
        return status;
    }

    private NvmeStatus EndRun()
    {
        if (_runLength == 0)
        {
            return NvmeStatus.Success;
        }

        if (_runCount == MaxSegments)
        {
            return NvmeStatus.InvalidSglCount;
        }

        _runs[_runCount++] = (_runStart, _runLength);
        bool mapped = _dma.TryMap(_runStart, _runLength, _direction, _segments, ref _count);
        bool copied = !mapped && _dma.MustCopy(_runStart, _runLength, _direction);
        MustCopy |= copied;
        _runLength = 0;
        return mapped || copied ? NvmeStatus.Success
            : _count == MaxSegments ? NvmeStatus.InvalidSglCount
            : NvmeStatus.DataTransferError;
    }

    private NvmeStatus ReadRuns(Span<byte> destination)
    {
        foreach ((ulong start, ulong length) in _runs.AsSpan(0, _runCount))
        {
            if (!_dma.TryRead(start, destination[..(int)length]))
            {
                return NvmeStatus.DataTransferError;
            }

            destination = destination[(int)length..];
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus WriteRuns(ReadOnlySpan<byte> source)
    {
        foreach ((ulong start, ulong length) in _runs.AsSpan(0, _runCount))
        {
            if (!_dma.TryWrite(start, source[..(int)length]))
            {
                return NvmeStatus.DataTransferError;
            }

            source = source[(int)length..];
        }

        return NvmeStatus.Success;
    }
}
