using System.Numerics;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Memory;

/// <summary>
/// KVM's memory slots, kept as an address space is: RAM, read-only memory and the memory behind BARs. What stays where
/// it is stays untouched. Slots can't change their place or overlap, so those that go are deleted before others come;
/// an access in between comes out as an exit, and whoever dispatches it finds the memory in the map.
/// </summary>
internal sealed unsafe class MemorySlots : IDisposable
{
    private const uint LogDirtyPages = 1;
    private const uint ReadOnly = 2;
    private const ulong PageMask = HostMemory.PageSize - 1;

    // Held while slots change, which waits for no vCPU's thread: KVM has processors leave the guest, and come back, by itself.
    private readonly Lock _lock = new();
    private readonly KvmMachine _machine;
    private readonly AddressSpace _space;
    private readonly Dictionary<MemorySlot, uint> _slots = [];
    private readonly Stack<uint> _free = [];

    // Blocks whose written pages are noted, with what was noted in slots that are gone: a bit a page.
    private readonly Dictionary<HostMemory, ulong[]> _logs = [];
    private AddressMap? _followed;
    private long _changes;

    /// <summary>Makes the slots of what is mapped now, and follows from now on.</summary>
    /// <exception cref="HostException">KVM refuses one.</exception>
    public MemorySlots(KvmMachine machine, AddressSpace space)
    {
        _machine = machine;
        _space = space;
        space.Changed += Follow;
        lock (_lock)
        {
            if (!Update())
            {
                throw HostException.Last("KVM_SET_USER_MEMORY_REGION");
            }
        }
    }

    /// <summary>How often slots were changed, odd while they are: an access that found nothing may only have come in between.</summary>
    public long Changes => Volatile.Read(ref _changes);

    /// <summary>Makes the slots as the address space is now; when it returns, no processor reaches memory that isn't mapped any more.</summary>
    public void Follow()
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_followed, _space.Current))
            {
                _ = Update();
            }
        }
    }

    /// <summary>Has the pages of a block noted that the guest writes.</summary>
    /// <exception cref="HostException">KVM can't.</exception>
    public void BeginLog(HostMemory block)
    {
        lock (_lock)
        {
            _logs.Add(block, new ulong[Words(block.Length)]);
            SetFlags(block);
        }
    }

    /// <summary>Ends that.</summary>
    public void EndLog(HostMemory block)
    {
        lock (_lock)
        {
            if (_logs.Remove(block))
            {
                SetFlags(block);
            }
        }
    }

    /// <summary>Gives the pages of a block that the guest has written since the log began, or since this was last asked.</summary>
    /// <param name="block">A block with a log.</param>
    /// <param name="pages">A bit a page, 64 in a word; those of written pages are set, others left.</param>
    public void TakeLog(HostMemory block, Span<ulong> pages)
    {
        lock (_lock)
        {
            ulong[] log = _logs[block];
            foreach ((MemorySlot slot, uint number) in _slots)
            {
                if (slot.Block == block)
                {
                    Collect(slot, number, log);
                }
            }

            for (int i = 0; i < log.Length; i++)
            {
                pages[i] |= log[i];
                log[i] = 0;
            }
        }
    }

    /// <summary>
    /// Copies between a guest's access that came out as an exit and memory that is in no slot: it is less than a page, or
    /// its slot is only just being made. Whoever takes memory away waits in <see cref="Follow"/> until that is done.
    /// </summary>
    /// <param name="address">The guest physical address.</param>
    /// <param name="data">The bytes that are written, or take what is read.</param>
    /// <param name="writes">Which.</param>
    /// <returns>False where there is no memory, or it can't be written.</returns>
    public bool TryCopy(ulong address, Span<byte> data, bool writes)
    {
        lock (_lock)
        {
            if (_space.Current.Find(address) is not { Memory: not null } range
                || range.Length - (address - range.Start) < (ulong)data.Length
                || (writes && range.ReadOnly))
            {
                return false;
            }

            Span<byte> memory = new(range.Host + (address - range.Start), data.Length);
            if (writes)
            {
                data.CopyTo(memory);
                if (_logs.TryGetValue(range.Memory, out ulong[]? log))
                {
                    Note(log, (range.MemoryOffset + (address - range.Start)) / HostMemory.PageSize);
                }
            }
            else
            {
                memory.CopyTo(data);
            }

            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _space.Changed -= Follow;

    // False where KVM refused a slot, for it has room for some thousands: what isn't in one is reached by exits.
    private bool Update()
    {
        AddressMap map = _space.Current;
        HashSet<MemorySlot> wanted = [];
        foreach (FlatRange range in map.Ranges)
        {
            if (SlotOf(range) is { } slot)
            {
                _ = wanted.Add(slot);
            }
        }

        _ = Interlocked.Increment(ref _changes);
        bool whole = true;
        foreach ((MemorySlot slot, uint number) in _slots.Where(each => !wanted.Contains(each.Key)).ToArray())
        {
            if (_logs.TryGetValue(slot.Block, out ulong[]? log))
            {
                Collect(slot, number, log);
            }

            _ = KvmSystem.Check(_machine.SetMemory(number, slot.GuestAddress, slot.Block.Pointer + slot.Offset, 0, 0), "KVM_SET_USER_MEMORY_REGION");
            _ = _slots.Remove(slot);
            _free.Push(number);
        }

        foreach (MemorySlot slot in wanted.Where(each => !_slots.ContainsKey(each)))
        {
            if (!_free.TryPop(out uint number))
            {
                number = (uint)_slots.Count;
            }

            if (Set(slot, number) < 0)
            {
                _free.Push(number);
                whole = false;
                continue;
            }

            _slots.Add(slot, number);
        }

        _followed = map;
        _ = Interlocked.Increment(ref _changes);
        return whole;
    }

    private int Set(MemorySlot slot, uint number) => _machine.SetMemory(
        number,
        slot.GuestAddress,
        slot.Block.Pointer + slot.Offset,
        slot.Length,
        (slot.ReadOnly ? ReadOnly : 0) | (_logs.ContainsKey(slot.Block) ? LogDirtyPages : 0));

    private void SetFlags(HostMemory block)
    {
        foreach ((MemorySlot slot, uint number) in _slots)
        {
            if (slot.Block == block)
            {
                _ = KvmSystem.Check(Set(slot, number), "KVM_SET_USER_MEMORY_REGION");
            }
        }
    }

    // KVM's bits are of the slot's pages, the log's of the block's.
    private void Collect(MemorySlot slot, uint number, ulong[] log)
    {
        ulong[] written = new ulong[Words(slot.Length)];
        _machine.TakeDirtyLog(number, written);
        ulong first = slot.Offset / HostMemory.PageSize;
        for (int i = 0; i < written.Length; i++)
        {
            for (ulong word = written[i]; word != 0; word &= word - 1)
            {
                Note(log, first + ((ulong)i * 64) + (ulong)BitOperations.TrailingZeroCount(word));
            }
        }
    }

    private static void Note(ulong[] log, ulong page) => log[page / 64] |= 1UL << (int)(page % 64);

    private static int Words(ulong length) => (int)(((length / HostMemory.PageSize) + 63) / 64);

    // The whole pages of a range; what is left at its ends is reached by exits.
    private static MemorySlot? SlotOf(FlatRange range)
    {
        if (range.Memory is null)
        {
            return null;
        }

        ulong start = (range.Start + PageMask) & ~PageMask;
        ulong end = (range.Start + range.Length) & ~PageMask;
        ulong offset = range.MemoryOffset + (start - range.Start);
        return start < end && (offset & PageMask) == 0 ? new MemorySlot(start, range.Memory, offset, end - start, range.ReadOnly) : null;
    }
}
