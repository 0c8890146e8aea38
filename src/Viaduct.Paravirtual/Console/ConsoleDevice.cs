using System.Runtime.InteropServices;
using Viaduct.Paravirtual.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Console;

/// <summary>A virtio console of one port (virtio 1.2, 5.3), with the terminal's size and emergency write.</summary>
public sealed class ConsoleDevice : IVirtioDevice
{
    private static readonly ushort[] _queueSizes = [128, 128];

    private readonly ConsoleOutput _output;
    private readonly InputBuffer _input = new();
    private readonly ConsoleWork _work;
    private IVirtioHost? _host;
    private uint _size;

    /// <param name="options">What is chosen about it.</param>
    /// <param name="counters">Where buffers are counted as requests.</param>
    public ConsoleDevice(ConsoleOptions options, DeviceCounters counters)
        : this(options, counters, threads: true)
    {
    }

    /// <param name="options">What is chosen about it.</param>
    /// <param name="counters">Where buffers are counted as requests.</param>
    /// <param name="threads">False: the work runs when a test says so.</param>
    internal ConsoleDevice(ConsoleOptions options, DeviceCounters counters, bool threads)
    {
        Name = options.Name;
        _output = new ConsoleOutput(options.Output);
        _size = options.Columns | ((uint)options.Rows << 16);
        _work = new ConsoleWork(_output, _input, counters);
        _work.OutputBegan += RepeatSize;
        if (threads)
        {
            _work.Run($"io-{Name}", counters);
        }
    }

    /// <summary>Told when the guest has taken input, so that there is room again. The device's thread.</summary>
    public event Action? InputReady
    {
        add => _work.InputTaken += value;
        remove => _work.InputTaken -= value;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceType Type => DeviceType.Console;

    /// <inheritdoc/>
    public ulong Features => ConsoleFeature.Size | ConsoleFeature.EmergencyWrite;

    /// <inheritdoc/>
    public ReadOnlySpan<ushort> QueueSizes => _queueSizes;

    /// <inheritdoc/>
    public int ConfigLength => ConsoleConfig.Length;

    /// <summary>The work, for tests that run it by hand.</summary>
    internal ConsoleWork Work => _work;

    /// <summary>Sends characters to the guest; what it has no room for is kept, 64 KiB at most. Any thread.</summary>
    /// <returns>How many were taken.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        int taken = _input.Add(bytes);
        _work.Wake();
        return taken;
    }

    /// <summary>Says that the terminal has another size. Any thread.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        Volatile.Write(ref _size, columns | ((uint)rows << 16));
        _host?.ConfigChanged();
    }

    /// <inheritdoc/>
    public void Attach(IVirtioHost host) => _host = host;

    /// <inheritdoc/>
    public void ReadConfig(Span<byte> config)
    {
        uint size = Volatile.Read(ref _size);
        MemoryMarshal.Write(config, new ConsoleConfig { Columns = (ushort)size, Rows = (ushort)(size >> 16), MaximumPorts = 1 });
    }

    /// <inheritdoc/>
    public void WriteConfig(int offset, ReadOnlySpan<byte> bytes)
    {
        int at = ConsoleConfig.EmergencyWriteOffset - offset;
        if (at >= 0 && at < bytes.Length)
        {
            // Works before any feature is agreed on (5.3.6.2): the guest may be dying.
            _output.Write(bytes.Slice(at, 1));
        }
    }

    /// <inheritdoc/>
    public void SetFeatures(ulong features)
    {
        // Both features only say what the configuration holds.
    }

    /// <inheritdoc/>
    public void StartQueue(int index, VirtQueue queue)
    {
        _work.ExpectDriver();
        _work.Start(index, queue);
    }

    /// <inheritdoc/>
    public void Notify(int index) => _work.Wake();

    /// <inheritdoc/>
    public EventFd? BellOf(int index) => _work.Bell;

    /// <inheritdoc/>
    public QueueState StopQueue(int index) => _work.Stop(index);

    /// <inheritdoc/>
    public void Reset()
    {
        // What was sent waits for the next driver: it may have been sent before the first one came.
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();

    // Linux looks at the size only when the configuration changes, and not before its console is there: once it prints.
    private void RepeatSize()
    {
        if (Volatile.Read(ref _size) != 0)
        {
            _host?.ConfigChanged();
        }
    }
}
