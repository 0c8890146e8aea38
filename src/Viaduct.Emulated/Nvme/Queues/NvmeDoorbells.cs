using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>
/// The doorbell page (NVMe 1.4, 3.1.24 and 3.1.25, with CAP.DSTRD zero). Its values lie in memory, where a guest to which
/// that memory is shown stores them itself; they are checked when they are taken. A trapped write stores the value and
/// wakes the worker; a completion queue's only when somebody waits for room in it.
/// </summary>
internal sealed unsafe class NvmeDoorbells : IAccessHandler, IDisposable
{
    /// <summary>Where in BAR 0 the page begins.</summary>
    internal const int PageOffset = 0x1000;

    /// <summary>Bytes of the page.</summary>
    internal const int PageLength = 0x1000;

    private const int Doorbells = NvmeLimits.Queues * 2;
    private const int FirstIo = 2;

    private readonly DeviceCounters _counters;
    private readonly Action _wake;
    private HostMemory _memory = NewMemory();

    // The last value that was found wrong, so that it is reported once.
    private readonly uint[] _wrong = new uint[Doorbells];

    // Entries of the queue behind each doorbell; zero where there is none.
    private readonly int[] _entries = new int[Doorbells];
    private readonly bool[] _awaited = new bool[Doorbells];
    private EventFd? _bell;
    private bool _signalsStale;
    private int _errors;

    internal NvmeDoorbells(DeviceCounters counters, Action wake)
    {
        _counters = counters;
        _wake = wake;
    }

    /// <summary>The page's values, 4 bytes a doorbell.</summary>
    internal HostMemory Memory => _memory;

    /// <summary>The page as its function's host knows it.</summary>
    internal DoorbellPage? Page { get; set; }

    /// <summary>The page as it lies in its BAR; null for a test without one.</summary>
    internal BarRegion? Region { get; set; }

    /// <summary>
    /// What an engine may raise for a write to an I/O queue's doorbell instead of bringing it here; null while its value
    /// is needed. <see cref="FollowSignals"/> makes it so. Worker.
    /// </summary>
    internal EventFd? Bell
    {
        get => _bell;
        set
        {
            _signalsStale |= value != _bell;
            _bell = value;
        }
    }

    /// <summary>Whether the guest may be shown the page as memory: then it needs no shadows, for a doorbell costs it nothing.</summary>
    internal bool AreShown => Page?.Trap is not null;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (size != 4)
        {
            return AccessStatus.InvalidSize;
        }

        if (offset % 4 != 0)
        {
            return AccessStatus.Unaligned;
        }

        _counters.Doorbell();
        int index = (int)(offset / 4);
        int entries = index < Doorbells ? Volatile.Read(ref _entries[index]) : 0;
        if (entries == 0)
        {
            Report(DoorbellErrors.InvalidRegister);
        }
        else if (value >= (ulong)entries)
        {
            Report(DoorbellErrors.InvalidValue);
        }
        else
        {
            // A full fence between this store and the look at _awaited; the worker does the same the other way round.
            Interlocked.Exchange(ref Value(index), (uint)value);
            bool isCompletion = (index & 1) != 0;
            if (!isCompletion || Volatile.Read(ref _awaited[index]))
            {
                _wake();
            }
        }

        return AccessStatus.Done;
    }

    /// <summary>What was last written to a submission queue's doorbell; negative where that is none of its entries. Worker.</summary>
    internal int Tail(int queue) => Take(queue * 2);

    /// <summary>What was last written to a completion queue's doorbell; negative where that is none of its entries. Worker.</summary>
    internal int Head(int queue) => Take((queue * 2) + 1);

    /// <summary>Begins or (zero entries) ends to accept a submission queue's doorbell. Worker.</summary>
    internal void SetSubmission(int queue, int entries) => Set(queue * 2, entries);

    /// <summary>Begins or (zero entries) ends to accept a completion queue's doorbell. Worker.</summary>
    internal void SetCompletion(int queue, int entries) => Set((queue * 2) + 1, entries);

    /// <summary>
    /// Says whether a completion queue's doorbell shall wake the worker. After saying yes, the caller must look at
    /// <see cref="Head"/> once more. Worker.
    /// </summary>
    internal void Await(int queue, bool awaited)
    {
        ref bool current = ref _awaited[(queue * 2) + 1];
        if (current != awaited)
        {
            Volatile.Write(ref current, awaited);
            Interlocked.MemoryBarrier();
        }
    }

    /// <summary>Has the engine know for which doorbells it may raise <see cref="Bell"/>, after queues or it changed. Worker.</summary>
    internal void FollowSignals()
    {
        if (!_signalsStale)
        {
            return;
        }

        _signalsStale = false;
        if (Region is { } region)
        {
            List<DoorbellSignal> signals = [];
            for (int index = FirstIo; index < Doorbells && _bell is not null; index++)
            {
                if (_entries[index] != 0)
                {
                    signals.Add(new DoorbellSignal((ulong)index * 4, 4, _bell));
                }
            }

            region.Signals = signals;
        }
    }

    /// <summary>Takes the errors since the last time. Worker.</summary>
    internal DoorbellErrors TakeErrors() =>
        Volatile.Read(ref _errors) == 0 ? DoorbellErrors.None : (DoorbellErrors)Interlocked.Exchange(ref _errors, 0);

    /// <summary>Replaces the page's memory by zeroes that nobody else has. After a reset, while no access can come.</summary>
    internal HostMemory Renew()
    {
        HostMemory before = _memory;
        _memory = NewMemory();
        before.Dispose();
        return _memory;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static HostMemory NewMemory() => new("nvme-doorbells", PageLength);

    private ref uint Value(int index) => ref ((uint*)_memory.Pointer)[index];

    private int Take(int index)
    {
        // The upper half is reserved.
        uint value = Volatile.Read(ref Value(index)) & 0xFFFF;
        if (value < (uint)_entries[index])
        {
            return (int)value;
        }

        if (value != _wrong[index])
        {
            _wrong[index] = value;
            Interlocked.Or(ref _errors, (int)DoorbellErrors.InvalidValue);
        }

        return -1;
    }

    private void Set(int index, int entries)
    {
        Volatile.Write(ref _entries[index], 0);
        Volatile.Write(ref Value(index), 0);
        _wrong[index] = 0;
        _awaited[index] = false;
        Volatile.Write(ref _entries[index], entries);
        _signalsStale |= _bell is not null;
    }

    private void Report(DoorbellErrors error)
    {
        Interlocked.Or(ref _errors, (int)error);
        _wake();
    }
}
