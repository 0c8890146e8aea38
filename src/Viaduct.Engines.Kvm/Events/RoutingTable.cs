using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Kvm.Events;

/// <summary>
/// What each global system interrupt is: the inputs of the controllers in the kernel, and above them messages. KVM takes
/// the table as a whole, and swaps it in one step.
/// </summary>
internal sealed unsafe class RoutingTable
{
    private const int PicPins = 16;

    private readonly Lock _lock = new();
    private readonly KvmMachine _machine;
    private readonly int _inputs;
    private readonly bool _chips;
    private readonly List<KvmRoutingEntry> _entries = [];
    private readonly Stack<int> _free = [];
    private readonly int _limit;
    private int _next;

    /// <param name="machine">KVM's machine.</param>
    /// <param name="inputs">How many inputs the I/O APIC has; messages are numbered from here.</param>
    /// <param name="chips">Whether the I/O APIC and the 8259As are in the kernel, at their usual inputs.</param>
    /// <param name="limit">How many entries KVM takes (KVM_CAP_IRQ_ROUTING).</param>
    public RoutingTable(KvmMachine machine, int inputs, bool chips, int limit)
    {
        _machine = machine;
        _inputs = inputs;
        _chips = chips;
        _next = inputs;
        for (uint pin = 0; pin < inputs && chips; pin++)
        {
            if (pin < PicPins)
            {
                _entries.Add(new KvmRoutingEntry { Gsi = pin, Type = KvmRoutingEntry.Chip, ChipNumber = KvmRoutingEntry.FirstPic + (pin / 8), ChipPin = pin % 8 });
            }

            _entries.Add(new KvmRoutingEntry { Gsi = pin, Type = KvmRoutingEntry.Chip, ChipNumber = KvmRoutingEntry.IoApic, ChipPin = pin });
        }

        // An interrupt's number and the number of entries have the same limit, and some inputs have two entries.
        _limit = Math.Max(limit - (_entries.Count - inputs), inputs);
    }

    /// <summary>Takes a number for a message; false when there is none left.</summary>
    public bool TryAllocate(out int gsi)
    {
        lock (_lock)
        {
            if (_free.TryPop(out gsi))
            {
                return true;
            }

            gsi = _next;
            if (_next == _limit)
            {
                return false;
            }

            _next++;
            return true;
        }
    }

    /// <summary>Makes a number a message from now on.</summary>
    /// <exception cref="Platform.Host.HostException">The host has no memory for the table.</exception>
    public void Set(int gsi, ulong address, uint data)
    {
        KvmRoutingEntry entry = new()
        {
            Gsi = (uint)gsi,
            Type = KvmRoutingEntry.Message,
            AddressLow = (uint)address,
            AddressHigh = (uint)(address >> 32),
            Data = data,
        };
        lock (_lock)
        {
            int index = _entries.FindIndex(each => each.Gsi == entry.Gsi);
            if (index < 0)
            {
                _entries.Add(entry);
            }
            else if (_entries[index] is { } old && old.AddressLow == entry.AddressLow && old.AddressHigh == entry.AddressHigh && old.Data == data)
            {
                return;
            }
            else
            {
                _entries[index] = entry;
            }

            Swap();
        }
    }

    /// <summary>Gives a number back, which is connected to nothing any more.</summary>
    public void Free(int gsi)
    {
        lock (_lock)
        {
            _ = _entries.RemoveAll(entry => entry.Gsi == (uint)gsi);
            _free.Push(gsi);
        }
    }

    private void Swap()
    {
        byte[] table = GC.AllocateUninitializedArray<byte>(sizeof(KvmRoutingHeader) + (_entries.Count * sizeof(KvmRoutingEntry)));
        fixed (byte* pointer = table)
        {
            *(KvmRoutingHeader*)pointer = new KvmRoutingHeader { Count = (uint)_entries.Count };
            _entries.CopyTo(new Span<KvmRoutingEntry>(pointer + sizeof(KvmRoutingHeader), _entries.Count));
            _ = KvmSystem.Check(Libc.ioctl_pointer(_machine.File, KvmRequests.KVM_SET_GSI_ROUTING, pointer), $"KVM_SET_GSI_ROUTING of {_entries.Count} interrupts");
        }
    }
}
