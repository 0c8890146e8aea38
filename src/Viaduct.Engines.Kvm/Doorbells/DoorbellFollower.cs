using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Kvm.Doorbells;

/// <summary>
/// KVM's ioeventfds, kept as the address spaces show doorbells: one whose BAR moves, is covered or switched off moves and
/// goes with it. One for which KVM has no room comes out as an exit, and its handler is called.
/// </summary>
internal sealed unsafe class DoorbellFollower : IDisposable
{
    // Held while they change, which waits for no processor.
    private readonly Lock _lock = new();
    private readonly KvmMachine _machine;
    private readonly AddressSpace _memory;
    private readonly AddressSpace _ports;
    private readonly bool _anyLength;
    private readonly HashSet<KvmDoorbell> _registered = [];
    private AddressMap? _followedMemory;
    private AddressMap? _followedPorts;
    private bool _disposed;

    /// <summary>Registers what is mapped now, and follows from now on.</summary>
    /// <param name="machine">KVM's machine.</param>
    /// <param name="memory">Guest physical memory.</param>
    /// <param name="ports">I/O ports.</param>
    /// <param name="anyLength">Whether KVM takes doorbells of any length (KVM_CAP_IOEVENTFD_ANY_LENGTH).</param>
    public DoorbellFollower(KvmMachine machine, AddressSpace memory, AddressSpace ports, bool anyLength)
    {
        _machine = machine;
        _memory = memory;
        _ports = ports;
        _anyLength = anyLength;
        _memory.Changed += Follow;
        _ports.Changed += Follow;
        Follow();
    }

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _registered.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _memory.Changed -= Follow;
        _ports.Changed -= Follow;
        lock (_lock)
        {
            _disposed = true;
            foreach (KvmDoorbell doorbell in _registered)
            {
                Deregister(doorbell);
            }

            _registered.Clear();
        }
    }

    private void Follow()
    {
        lock (_lock)
        {
            AddressMap memory = _memory.Current;
            AddressMap ports = _ports.Current;
            if (_disposed || (ReferenceEquals(memory, _followedMemory) && ReferenceEquals(ports, _followedPorts)))
            {
                return;
            }

            _followedMemory = memory;
            _followedPorts = ports;
            Dictionary<KvmDoorbell, Mapping> wanted = [];
            Collect(memory, isPort: false, wanted);
            Collect(ports, isPort: true, wanted);

            // First those that go: one that comes may lie in the place of another.
            foreach (KvmDoorbell doorbell in _registered.Where(each => !wanted.ContainsKey(each)).ToArray())
            {
                Deregister(doorbell);
                _ = _registered.Remove(doorbell);
            }

            foreach ((KvmDoorbell doorbell, Mapping mapping) in wanted)
            {
                if (!_registered.Contains(doorbell) && TryRegister(doorbell))
                {
                    _ = _registered.Add(doorbell);
                    if (mapping.Signals.Any(signal => signal.Signal == doorbell.Signal && !signal.IsCounted))
                    {
                        mapping.Counters?.MissDoorbells();
                    }
                }
            }
        }
    }

    private void Collect(AddressMap map, bool isPort, Dictionary<KvmDoorbell, Mapping> wanted)
    {
        foreach (FlatRange range in map.Ranges)
        {
            foreach ((ulong address, DoorbellSignal signal) in range.Signals)
            {
                if (_anyLength || signal.Size != 0)
                {
                    wanted[new KvmDoorbell(isPort, address, signal.Size, signal.Value, signal.Signal)] = range.Mapping;
                }
            }
        }
    }

    // The eventfd is kept open until KVM has let go of it.
    private bool TryRegister(KvmDoorbell doorbell)
    {
        bool held = false;
        try
        {
            doorbell.Signal.DangerousAddRef(ref held);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        if (Set(doorbell, 0))
        {
            return true;
        }

        doorbell.Signal.DangerousRelease();
        return false;
    }

    private void Deregister(KvmDoorbell doorbell)
    {
        _ = Set(doorbell, KvmIoEventFd.FlagDeassign);
        doorbell.Signal.DangerousRelease();
    }

    private bool Set(KvmDoorbell doorbell, uint flags)
    {
        KvmIoEventFd request = new()
        {
            DataMatch = doorbell.Value ?? 0,
            Address = doorbell.Address,
            Length = (uint)doorbell.Size,
            Descriptor = doorbell.Signal.Descriptor,
            Flags = flags | (doorbell.IsPort ? KvmIoEventFd.FlagPort : 0) | (doorbell.Value is null ? 0 : KvmIoEventFd.FlagDataMatch),
        };
        return Libc.ioctl_pointer(_machine.File, KvmRequests.KVM_IOEVENTFD, &request) >= 0;
    }
}
