namespace Viaduct.Platform.Pci;

/// <summary>The functions on one bus, by device and function number. What bus number it has is the bridge's registers' matter.</summary>
public sealed class PciBus
{
    private readonly PciFunction?[] _functions = new PciFunction?[256];
    private volatile PciFunction[] _list = [];

    internal PciBus(PciRoot root, PciBridge? parent)
    {
        Root = root;
        Parent = parent;
    }

    /// <summary>The topology.</summary>
    public PciRoot Root { get; }

    /// <summary>The bridge that leads here; null for the root bus.</summary>
    public PciBridge? Parent { get; }

    /// <summary>The number it has now: zero for the root bus, else what the guest gave it.</summary>
    public int Number => Parent?.SecondaryNumber ?? 0;

    /// <summary>The functions that are here.</summary>
    public IReadOnlyList<PciFunction> Functions => _list;

    /// <summary>Puts a function here; it answers from now on, and the guest's grants and windows apply to it.</summary>
    /// <param name="device">0 to 31; behind a port, 0.</param>
    /// <param name="number">0 to 7. Function 0 has to be there for others to be found.</param>
    /// <param name="function">The function, in no topology yet.</param>
    public void Add(int device, int number, PciFunction function)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)device, 31u, nameof(device));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)number, 7u, nameof(number));
        RoutingSnapshot before = RoutingSnapshot.Of(this);
        lock (Root.Gate)
        {
            int slot = (device << 3) | number;
            if (_functions[slot] is { } other)
            {
                throw new InvalidOperationException($"{other.Name} is at {device:x2}.{number} already");
            }

            if (function.Bus is not null)
            {
                throw new InvalidOperationException($"{function.Name} is in a topology already");
            }

            function.Attach(this, (byte)slot);
            Volatile.Write(ref _functions[slot], function);
            ListChanged(device);
            Root.Route();
        }

        before.NotifyChanges();
    }

    /// <summary>Takes a function away for good: it answers nothing, sees no memory, drives no line. Its object serves nowhere else.</summary>
    /// <param name="function">A function that is here.</param>
    public void Remove(PciFunction function)
    {
        RoutingSnapshot before = RoutingSnapshot.Of(this);
        lock (Root.Gate)
        {
            int slot = function.DeviceFunction;
            if (function.Bus != this || _functions[slot] != function)
            {
                throw new InvalidOperationException($"{function.Name} is not on this bus");
            }

            Volatile.Write(ref _functions[slot], null);
            function.Detach();
            ListChanged(slot >> 3);
            Root.Route();
        }

        before.NotifyChanges();
        function.Sriov?.Reconcile();
    }

    /// <summary>The function there; null when there is none.</summary>
    internal PciFunction? Find(int deviceFunction)
    {
        // Behind a port there is a link with one device; numbers above its eight functions are only for ARI.
        bool passes = deviceFunction <= 7 || Parent is null or { ForwardsAllDevices: true };
        return passes ? Volatile.Read(ref _functions[deviceFunction]) ?? FindVirtual(Number, deviceFunction) : null;
    }

    /// <summary>The virtual function at a routing id, on this bus or on one that a device here takes besides; null when there is none.</summary>
    internal PciFunction? FindVirtual(int bus, int deviceFunction)
    {
        foreach (PciFunction function in _list)
        {
            if (function.Sriov?.FindAt((bus << 8) | deviceFunction, Number) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>The host line, 0 to 3, to which INTA# of a function here comes through the bridges (PCI-to-PCI Bridge 1.2, 9.1).</summary>
    internal int HostLine(int deviceFunction)
    {
        int line = Parent is null ? deviceFunction >> 3 : 0;
        for (PciBus bus = this; bus.Parent is { } bridge; bus = bridge.Function.Bus!)
        {
            line += bridge.Function.DeviceFunction >> 3;
        }

        return line & 3;
    }

    /// <summary>Makes everything here follow what the bridges above let through. Under the topology's lock.</summary>
    internal void Route(Upstream upstream, MappingChange memory, MappingChange ports)
    {
        foreach (PciFunction function in _list)
        {
            function.Route(upstream, memory, ports);
        }
    }

    /// <summary>Resets the registers of everything here and below. Under the topology's lock.</summary>
    /// <param name="reset">Takes the functions whose devices are to be reset after the lock.</param>
    internal void ResetRegisters(List<PciFunction> reset)
    {
        foreach (PciFunction function in _list)
        {
            function.ResetRegisters();
            reset.Add(function);
            function.Bridge?.Secondary.ResetRegisters(reset);
        }
    }

    private void ListChanged(int device)
    {
        _list = [.. _functions.OfType<PciFunction>()];
        if (_functions[device << 3] is { } first)
        {
            bool several = _list.Count(function => function.DeviceFunction >> 3 == device) > 1;
            uint type = first.Config.Read(ConfigHeader.HeaderType, 1) & ~(uint)ConfigHeader.HeaderTypeMultiFunction;
            first.Config.Define(ConfigHeader.HeaderType, 1, several ? type | ConfigHeader.HeaderTypeMultiFunction : type);
        }

        SriovCapability? leader = null;
        for (int i = 0; i < _list.Length; i++)
        {
            _list[i].Ari?.SetNext(i + 1 < _list.Length && Parent is not null ? _list[i + 1].DeviceFunction : (byte)0);
            if (_list[i].Sriov is { } sriov)
            {
                // On the root bus each device stands for itself; behind a port there is one.
                leader = leader is null || (Parent is null && (leader.Physical.DeviceFunction ^ _list[i].DeviceFunction) > 7) ? sriov : leader;
                sriov.Join(leader);
            }
        }

        Parent?.Express?.SetOccupied(_list.Length != 0);
    }
}
