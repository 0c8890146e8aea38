using System.Buffers.Binary;
using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Network.Capture;

/// <summary>
/// A capture file that tcpdump, tshark and Wireshark read (libpcap's format, link type Ethernet, in nanoseconds). A pipe
/// will do, too. A checksum that is left to the receiver is completed in the file; large segments are left as they are.
/// </summary>
public sealed class CaptureFile : IDisposable
{
    private const uint Magic = 0xA1B2_3C4D;
    private const ushort MajorVersion = 2;
    private const ushort MinorVersion = 4;
    private const uint SnapLength = 262144;
    private const uint LinkTypeEthernet = 1;
    private const int FileHeader = 24;
    private const int RecordHeader = 16;
    private const int BufferSize = 4 * FrameLimits.MaximumLength;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly IEventLog _log;
    private readonly TimeProvider _time;
    private readonly FileStream _file;
    private readonly byte[] _buffer = new byte[BufferSize];
    private int _count;
    private bool _failed;

    private CaptureFile(string path, FileStream file, IEventLog log, TimeProvider time)
    {
        _path = path;
        _file = file;
        _log = log;
        _time = time;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(4), MajorVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(6), MinorVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(16), SnapLength);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(20), LinkTypeEthernet);
        _count = FileHeader;
        Flush();
    }

    /// <summary>Makes the file, over one that is there.</summary>
    /// <param name="path">Where.</param>
    /// <param name="log">Where it is said that the file can't be written any more.</param>
    /// <param name="time">The clock of the records; the system's if null.</param>
    /// <exception cref="NetworkOpenException">The file can't be made.</exception>
    public static CaptureFile Create(string path, IEventLog log, TimeProvider? time = null)
    {
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
            return new CaptureFile(path, new FileStream(path, options), log, time ?? TimeProvider.System);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new NetworkOpenException($"pcap={path}", problem.Message);
        }
    }

    /// <summary>Adds a frame. Any thread; allocates nothing.</summary>
    public void Add(in OffloadHeader offload, ReadOnlySpan<HostSegment> frame)
    {
        lock (_lock)
        {
            Span<byte> record = Reserve();
            int length = 0;
            foreach (ref readonly HostSegment segment in frame)
            {
                segment.Span.CopyTo(record[(RecordHeader + length)..]);
                length += (int)segment.Length;
            }

            Finish(record, length, offload);
        }
    }

    /// <summary>Adds a frame that came in. Any thread; allocates nothing.</summary>
    public void Add(in ReceivedFrame frame)
    {
        lock (_lock)
        {
            Span<byte> record = Reserve();
            frame.Bytes.CopyTo(record[RecordHeader..]);
            Finish(record, frame.Bytes.Length, frame.Offload);
        }
    }

    /// <summary>Writes what is still held back. Any thread.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_count == 0 || _failed)
            {
                return;
            }

            try
            {
                _file.Write(_buffer, 0, _count);
            }
            catch (IOException problem)
            {
                _failed = true;
                _log.Warn($"pcap={_path}", $"the capture ends here: {problem.Message}");
            }

            _count = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Flush();
        _file.Dispose();
    }

    private Span<byte> Reserve()
    {
        if (BufferSize - _count < RecordHeader + FrameLimits.MaximumLength)
        {
            Flush();
            _count = 0;
        }

        return _buffer.AsSpan(_count);
    }

    private void Finish(Span<byte> record, int length, in OffloadHeader offload)
    {
        long ticks = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks;
        BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)(ticks / TimeSpan.TicksPerSecond));
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
        BinaryPrimitives.WriteInt32LittleEndian(record[8..], length);
        BinaryPrimitives.WriteInt32LittleEndian(record[12..], length);
        if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0 && offload.FitsIn(length))
        {
            InternetChecksum.Complete(record.Slice(RecordHeader, length), offload);
        }

        _count += RecordHeader + length;
    }
}
