using Viaduct.Engines.Kvm.Interop;
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
    private const uint ReadOnly = 2;
    private const ulong PageMask = HostMemory.PageSize - 1;

    // Held while slots change, which waits for no vCPU's thread: KVM has processors leave the guest, and come back, by itself.
    private readonly Lock _lock = new();
    private readonly KvmMachine _machine;
    private readonly AddressSpace _space;
    private readonly Dictionary<MemorySlot, uint> _slots = [];
    private readonly Stack<uint> _free = [];
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
            _ = KvmSystem.Check(_machine.SetMemory(number, slot.GuestAddress, (byte*)slot.Host, 0, 0), "KVM_SET_USER_MEMORY_REGION");
            _ = _slots.Remove(slot);
            _free.Push(number);
        }

        foreach (MemorySlot slot in wanted.Where(each => !_slots.ContainsKey(each)))
        {
            if (!_free.TryPop(out uint number))
            {
                number = (uint)_slots.Count;
            }

            if (_machine.SetMemory(number, slot.GuestAddress, (byte*)slot.Host, slot.Length, slot.ReadOnly ? ReadOnly : 0) < 0)
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

    // The whole pages of a range; what is left at its ends is reached by exits.
    private static MemorySlot? SlotOf(FlatRange range)
    {
        if (range.Memory is null)
        {
            return null;
        }

        ulong start = (range.Start + PageMask) & ~PageMask;
        ulong end = (range.Start + range.Length) & ~PageMask;
        byte* host = range.Host + (start - range.Start);
        return start < end && ((ulong)host & PageMask) == 0 ? new MemorySlot(start, (nuint)host, end - start, range.ReadOnly) : null;
    }
}
