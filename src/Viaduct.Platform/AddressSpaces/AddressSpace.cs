using System.Diagnostics;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// A space of addresses, guest physical memory or I/O ports, in which devices and memory are mapped. Mapping never
/// fails: ranges may overlap, and priority decides what is seen.
/// </summary>
public sealed class AddressSpace
{
    private readonly Lock _lock = new();
    private readonly List<Mapping> _mappings = [];
    private volatile AddressMap _current = AddressMap.Flatten([]);

    /// <param name="name">For people: <c>"memory"</c> or <c>"ports"</c>.</param>
    public AddressSpace(string name) => Name = name;

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>What is seen now.</summary>
    public AddressMap Current => _current;

    /// <summary>
    /// Whether a doorbell that comes here has left the guest's execution, and is an exit besides: on an engine whose own
    /// doorbells don't come here, but not on one that calls its handlers without leaving the guest. Set by the engine.
    /// </summary>
    public bool DoorbellsAreExits { get; set; }

    /// <summary>Told after each change, before the change returns to its caller: engines drop translations here. Runs under no lock of a device.</summary>
    public event Action? Changed;

    /// <summary>Puts registers at a range.</summary>
    /// <param name="name">For people.</param>
    /// <param name="start">The first address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="handler">Who answers.</param>
    /// <param name="priority">The higher is seen where ranges overlap.</param>
    /// <param name="counters">Where accesses are counted as exits.</param>
    /// <param name="signals">Where an engine may raise eventfds for writes instead; none if null.</param>
    public Mapping Map(
        string name, ulong start, ulong length, IAccessHandler handler, int priority = 0, DeviceCounters? counters = null, IReadOnlyList<DoorbellSignal>? signals = null) =>
        Add(new Mapping(this, name, start, length, priority) { Handler = handler, Counters = counters, Signals = signals ?? [] });

    /// <summary>Puts memory at a range.</summary>
    /// <param name="name">For people.</param>
    /// <param name="start">The first address, a multiple of the page size.</param>
    /// <param name="memory">The block.</param>
    /// <param name="memoryOffset">Where in the block the range begins.</param>
    /// <param name="length">Bytes, a multiple of the page size.</param>
    /// <param name="priority">The higher is seen where ranges overlap.</param>
    /// <param name="readOnly">Whether writes are refused.</param>
    public Mapping MapMemory(string name, ulong start, HostMemory memory, ulong memoryOffset, ulong length, int priority = 0, bool readOnly = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, memory.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(memoryOffset, memory.Length - length);
        return Add(new Mapping(this, name, start, length, priority) { Memory = memory, MemoryOffset = memoryOffset, ReadOnly = readOnly });
    }

    /// <summary>Puts memory of another process at a range: DMA reaches it by copies, vCPUs don't.</summary>
    /// <param name="name">For people.</param>
    /// <param name="start">The first address.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="memory">Who is asked for bytes.</param>
    /// <param name="readOnly">Whether writes are refused.</param>
    public Mapping MapRemote(string name, ulong start, ulong length, IRemoteMemory memory, bool readOnly = false) =>
        Add(new Mapping(this, name, start, length, MappingPriority.Ram) { Remote = memory, ReadOnly = readOnly });

    /// <summary>Carries out a read by a vCPU at what is seen there now; counts it as an exit of the device.</summary>
    /// <param name="address">The address.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">What was read; all ones where nothing answers.</param>
    public AccessStatus Read(ulong address, int size, out ulong value)
    {
        AccessStatus status = AccessStatus.NoResponse;
        value = 0;
        if (Target(address, size) is { Mapping: { Handler: { } handler } mapping })
        {
            long begin = Stopwatch.GetTimestamp();
            status = handler.Read(address - mapping.Start, size, out value);
            mapping.Counters?.Exit(Stopwatch.GetTimestamp() - begin);
        }

        if (status != AccessStatus.Done)
        {
            value = ulong.MaxValue >> (64 - (size * 8));
        }

        return status;
    }

    /// <summary>Carries out a write by a vCPU at what is seen there now; counts it as an exit of the device. Lost where nothing answers.</summary>
    /// <param name="address">The address.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">What is written.</param>
    public AccessStatus Write(ulong address, int size, ulong value)
    {
        if (Target(address, size) is not { Mapping: { Handler: { } handler } mapping })
        {
            return AccessStatus.NoResponse;
        }

        if (mapping.IsDoorbell && !DoorbellsAreExits)
        {
            mapping.Counters?.Doorbell();
            return handler.Write(address - mapping.Start, size, value);
        }

        long begin = Stopwatch.GetTimestamp();
        AccessStatus status = handler.Write(address - mapping.Start, size, value);
        mapping.Counters?.Exit(Stopwatch.GetTimestamp() - begin);
        if (mapping.IsDoorbell)
        {
            mapping.Counters?.Doorbell();
        }

        return status;
    }

    /// <summary>Takes mappings away and adds others in one step, so that no reader sees a state in between. The caller calls <see cref="Notify"/> once it holds no lock.</summary>
    internal void Replace(IReadOnlyList<Mapping> removed, IReadOnlyList<Mapping> added)
    {
        lock (_lock)
        {
            foreach (Mapping mapping in removed)
            {
                _mappings.Remove(mapping);
            }

            _mappings.AddRange(added);
            _current = AddressMap.Flatten(_mappings);
        }
    }

    /// <summary>Raises <see cref="Changed"/> after <see cref="Replace"/>.</summary>
    internal void Notify() => Changed?.Invoke();

    internal void Remove(Mapping mapping)
    {
        lock (_lock)
        {
            if (!_mappings.Remove(mapping))
            {
                return;
            }

            _current = AddressMap.Flatten(_mappings);
        }

        Changed?.Invoke();
    }

    private FlatRange? Target(ulong address, int size)
    {
        FlatRange? range = _current.Find(address);
        return range is not null && range.Length - (address - range.Start) >= (ulong)size ? range : null;
    }

    private Mapping Add(Mapping mapping)
    {
        ArgumentOutOfRangeException.ThrowIfZero(mapping.Length);
        if (mapping.Start + (mapping.Length - 1) < mapping.Start)
        {
            throw new ArgumentOutOfRangeException(nameof(mapping), $"{mapping.Name} would run past the end of the address space");
        }

        lock (_lock)
        {
            _mappings.Add(mapping);
            _current = AddressMap.Flatten(_mappings);
        }

        Changed?.Invoke();
        return mapping;
    }
}
