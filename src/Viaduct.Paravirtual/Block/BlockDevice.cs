using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Backends.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Block;

/// <summary>
/// A virtio block device (virtio 1.2, 5.2): several queues, flush, discard, write zeroes, a write cache that the driver
/// may turn off, and a capacity that follows the back-end's.
/// </summary>
public sealed class BlockDevice : IVirtioDevice, IDmaPause
{
    private const int SerialLength = 20;
    private const int MaximumQueues = 64;
    private const int MaximumDepth = 1024;

    private readonly IBlockBackend _backend;
    private readonly BlockSettings _settings;
    private readonly BlockWork[] _works;
    private readonly ushort[] _queueSizes;
    private readonly bool _workerPerQueue;
    private IVirtioHost? _host;
    private ulong _negotiated;
    private byte _writeCache = 1;

    /// <param name="options">What is chosen about it.</param>
    /// <param name="backend">The disk; the caller disposes it, after this.</param>
    /// <param name="counters">Where requests are counted.</param>
    public BlockDevice(BlockOptions options, IBlockBackend backend, DeviceCounters counters)
        : this(options, backend, counters, threads: true)
    {
    }

    /// <param name="options">What is chosen about it.</param>
    /// <param name="backend">The disk.</param>
    /// <param name="counters">Where requests are counted.</param>
    /// <param name="threads">False: the works run when a test says so.</param>
    internal BlockDevice(BlockOptions options, IBlockBackend backend, DeviceCounters counters, bool threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Queues, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Queues, MaximumQueues, nameof(options));
        if (!BitOperations.IsPow2(options.QueueSize) || options.QueueSize is < 4 or > 1024)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.QueueSize, "A queue has 4 to 1024 descriptors, a power of two");
        }

        Name = options.Name;
        _backend = backend;
        _settings = new BlockSettings(SerialOf(options.Serial));
        _workerPerQueue = options.WorkerPerQueue;
        _queueSizes = new ushort[options.Queues];
        Array.Fill(_queueSizes, options.QueueSize);
        _works = new BlockWork[_workerPerQueue ? options.Queues : 1];
        int queuesEach = _workerPerQueue ? 1 : options.Queues;
        int depth = Math.Min(queuesEach * options.QueueSize, MaximumDepth);
        for (int i = 0; i < _works.Length; i++)
        {
            _works[i] = new BlockWork(backend, _settings, counters, queuesEach, depth);
            if (threads)
            {
                _works[i].Run($"io-{Name}-{i}", counters);
            }
        }

        backend.LengthChanged += OnLengthChanged;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceType Type => DeviceType.Block;

    /// <inheritdoc/>
    public ulong Features
    {
        get
        {
            ulong features = BlockFeature.SizeMax | BlockFeature.SegMax | BlockFeature.BlockSize | BlockFeature.Topology
                | BlockFeature.Flush | BlockFeature.ConfigWriteCache;
            if (_queueSizes.Length > 1)
            {
                features |= BlockFeature.MultiQueue;
            }

            if (_backend.ReadOnly)
            {
                return features | BlockFeature.ReadOnly;
            }

            return features | BlockFeature.WriteZeroes | (_backend.CanDiscard ? BlockFeature.Discard : 0);
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<ushort> QueueSizes => _queueSizes;

    /// <inheritdoc/>
    public int ConfigLength => BlockConfig.Length;

    /// <summary>The works, for tests that run them by hand.</summary>
    internal ReadOnlySpan<BlockWork> Works => _works;

    /// <inheritdoc/>
    public void Attach(IVirtioHost host) => _host = host;

    /// <inheritdoc/>
    public void ReadConfig(Span<byte> config)
    {
        int block = _backend.LogicalBlockSize;
        int physicalBlocks = Math.Max(_backend.PhysicalBlockSize / block, 1);
        uint alignment = (uint)(block / BlockLimits.SectorSize);
        BlockConfig values = new()
        {
            Capacity = _backend.Length / (ulong)block * alignment,
            SizeMax = BlockLimits.SizeMax,
            SegMax = (uint)_queueSizes[0] - 2,
            BlockSize = (uint)block,
            PhysicalBlockExponent = (byte)BitOperations.Log2((uint)physicalBlocks),
            MinimumIo = (ushort)Math.Min(physicalBlocks, ushort.MaxValue),
            WriteCache = Volatile.Read(ref _writeCache),
            Queues = (ushort)_queueSizes.Length,
            MaxDiscardSectors = BlockLimits.RangeSectors,
            MaxDiscardRanges = BlockLimits.Ranges,
            DiscardAlignment = alignment,
            MaxWriteZeroesSectors = BlockLimits.RangeSectors,
            MaxWriteZeroesRanges = BlockLimits.Ranges,
            WriteZeroesMayUnmap = (byte)(_backend.CanDiscard ? 1 : 0),
        };
        MemoryMarshal.Write(config, values);
    }

    /// <inheritdoc/>
    public void WriteConfig(int offset, ReadOnlySpan<byte> bytes)
    {
        int at = BlockConfig.WriteCacheOffset - offset;
        if (at >= 0 && at < bytes.Length && (_negotiated & BlockFeature.ConfigWriteCache) != 0)
        {
            SetWriteCache(bytes[at] != 0);
        }
    }

    /// <inheritdoc/>
    public void SetFeatures(ulong features)
    {
        _negotiated = features;

        // Without flush the driver can't make anything durable by itself (5.2.6.2).
        SetWriteCache((features & BlockFeature.Flush) != 0);
    }

    /// <inheritdoc/>
    public void StartQueue(int index, VirtQueue queue) => WorkOf(index).Start(SlotOf(index), queue);

    /// <inheritdoc/>
    public void Notify(int index) => WorkOf(index).Wake();

    /// <inheritdoc/>
    public EventFd? BellOf(int index) => WorkOf(index).Bell;

    /// <inheritdoc/>
    public QueueState StopQueue(int index) => WorkOf(index).Stop(SlotOf(index));

    /// <inheritdoc/>
    public void Pause()
    {
        foreach (BlockWork work in _works)
        {
            work.Pause();
        }
    }

    /// <inheritdoc/>
    public void Resume()
    {
        foreach (BlockWork work in _works)
        {
            work.Resume();
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _negotiated = 0;
        SetWriteCache(true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend.LengthChanged -= OnLengthChanged;
        foreach (BlockWork work in _works)
        {
            work.Dispose();
        }
    }

    private static byte[] SerialOf(string serial)
    {
        byte[] bytes = new byte[SerialLength];
        ReadOnlySpan<byte> text = Encoding.ASCII.GetBytes(serial);
        text[..Math.Min(text.Length, SerialLength)].CopyTo(bytes);
        return bytes;
    }

    private void SetWriteCache(bool on)
    {
        Volatile.Write(ref _writeCache, (byte)(on ? 1 : 0));
        _settings.DurableWrites = !on;
    }

    private void OnLengthChanged() => _host?.ConfigChanged();

    private BlockWork WorkOf(int index) => _works[_workerPerQueue ? index : 0];

    private int SlotOf(int index) => _workerPerQueue ? 0 : index;
}
