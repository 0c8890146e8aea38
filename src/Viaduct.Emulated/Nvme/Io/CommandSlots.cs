using Viaduct.Emulated.Nvme.Queues;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>The slots of all commands in flight: a fixed number, so that nothing is allocated for a command. Worker only.</summary>
internal sealed class CommandSlots
{
    private readonly CommandSlot[] _slots = new CommandSlot[NvmeLimits.Commands];
    private int _firstFree;

    internal CommandSlots() => Clear();

    /// <summary>Slots that are free.</summary>
    internal int Free { get; private set; }

    /// <summary>The number of the last command that took a slot.</summary>
    internal ulong LastSerial { get; private set; }

    /// <summary>How many there are.</summary>
    internal int Count => _slots.Length;

    internal ref CommandSlot this[int index] => ref _slots[index];

    /// <summary>Takes a slot for a command; there must be one.</summary>
    internal int Take(SubmissionQueue queue, in SubmissionEntry entry)
    {
        int index = _firstFree;
        ref CommandSlot slot = ref _slots[index];
        _firstFree = slot.Next;
        Free--;
        slot = new CommandSlot
        {
            Queue = queue,
            CommandId = entry.CommandId,
            NamespaceId = entry.NamespaceId,
            Serial = ++LastSerial,
            Next = -1,
            Buffer = -1,
        };
        return index;
    }

    /// <summary>Gives a slot back.</summary>
    internal void Release(int index)
    {
        _slots[index] = new CommandSlot { Next = _firstFree, Buffer = -1 };
        _firstFree = index;
        Free++;
    }

    /// <summary>Frees all.</summary>
    internal void Clear()
    {
        for (int index = 0; index < _slots.Length; index++)
        {
            _slots[index] = new CommandSlot { Next = index + 1 < _slots.Length ? index + 1 : -1, Buffer = -1 };
        }

        _firstFree = 0;
        Free = _slots.Length;
    }
}
