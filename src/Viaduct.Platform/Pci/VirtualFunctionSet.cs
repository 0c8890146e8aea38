using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Platform.Pci;

/// <summary>
/// The virtual functions of a physical one. Registers say, under the topology's lock, which are wanted
/// (<see cref="Want"/>, <see cref="Withdraw"/>); from then on those that go are out of reach. The device is told outside
/// the lock, one change after the other (<see cref="Reconcile"/>). Without a topology, a host may say instead of the
/// registers (<see cref="TryAdd"/>, <see cref="TryRemove"/>).
/// </summary>
internal sealed class VirtualFunctionSet
{
    private readonly Lock _order = new();
    private readonly SriovCapability _capability;
    private readonly IVirtualFunctionSource _source;
    private readonly DeviceCounters?[] _counters;
    private readonly List<PciFunction> _leaving = [];
    private VirtualFunctionPlan _wanted = VirtualFunctionPlan.None;
    private VirtualFunctionPlan _made = VirtualFunctionPlan.None;
    private volatile Live _live = Live.None;
    private PciRoot? _root;

    internal VirtualFunctionSet(SriovCapability capability, IVirtualFunctionSource source, int total)
    {
        _capability = capability;
        _source = source;
        _counters = new DeviceCounters?[total];
    }

    /// <summary>Those that answer now.</summary>
    internal IReadOnlyList<PciFunction> Functions => _live.Functions;

    private PciFunction Physical => _capability.Physical;

    /// <summary>What one costs, over all its lives.</summary>
    internal DeviceCounters CountersOf(int index)
    {
        DeviceCounters? counters = Volatile.Read(ref _counters[index]);
        if (counters is null)
        {
            DeviceCounters made = new(SriovCapability.NameOf(Physical, index), Physical.Counters.Road);
            counters = Interlocked.CompareExchange(ref _counters[index], made, null) ?? made;
        }

        return counters;
    }

    internal PciFunction? Find(int index) =>
        _live.ByIndex is var all && (uint)index < (uint)all.Length ? all[index] : null;

    /// <summary>The one that lies so far from the physical function's routing ID.</summary>
    internal PciFunction? FindAt(int offset)
    {
        Live live = _live;
        return live.Plan.TryGetIndex(offset, out int index) ? live.ByIndex[index] : null;
    }

    /// <summary>Asks for functions. Under the topology's lock; <see cref="Reconcile"/> follows outside it.</summary>
    internal void Want(VirtualFunctionPlan plan) => _wanted = plan;

    /// <summary>Takes all away: their DMA and interrupts at once, what is mapped with the routing that follows. Under the topology's lock; <see cref="Reconcile"/> follows outside it.</summary>
    internal void Withdraw()
    {
        _wanted = VirtualFunctionPlan.None;
        foreach (PciFunction function in _live.Functions)
        {
            function.Withdraw();
            _leaving.Add(function);
        }

        _live = Live.None;
    }

    /// <summary>Makes those that are there follow the registers. Under the topology's lock.</summary>
    internal void Route(int routingId, Upstream upstream, MappingChange memory)
    {
        foreach (PciFunction function in _leaving)
        {
            function.Unplace(memory);
        }

        Live live = _live;
        foreach (PciFunction function in live.Functions)
        {
            int id = routingId + live.Plan.OffsetOf(function.VirtualIndex!.Value);
            function.RouteVirtual(id, upstream, memory);
        }
    }

    /// <summary>Brings the device to what the registers ask for, and returns when it is there. No lock is held.</summary>
    internal void Reconcile()
    {
        if (_order.IsHeldByCurrentThread)
        {
            // The device changes its mind while it makes functions; the call further out goes on until all is as wanted.
            return;
        }

        bool changed = false;
        lock (_order)
        {
            while (TryTakeStep(out PciFunction[] leaving, out VirtualFunctionPlan? plan))
            {
                changed = true;
                End(leaving, announced: true);
                if (plan is not null)
                {
                    Make(plan);
                }
            }
        }

        if (changed)
        {
            _capability.RaiseChanged();
        }
    }

    /// <summary>Makes one more for who hosts the physical function. No lock is held.</summary>
    internal bool TryAdd(int index, VirtualFunctionPlan plan)
    {
        lock (_order)
        {
            if (Find(index) is not null || Create(index) is not { } function)
            {
                return false;
            }

            _live = _live.With(plan, index, function);
            Physical.VirtualFunctionHost?.Added(index, function);
        }

        _capability.RaiseChanged();
        return true;
    }

    /// <summary>Takes one away for who hosts the physical function. No lock is held.</summary>
    internal bool TryRemove(int index)
    {
        lock (_order)
        {
            if (Find(index) is not { } function)
            {
                return false;
            }

            function.Withdraw();
            _live = _live.With(_live.Plan, index, null);
            End([function], announced: true);
        }

        _capability.RaiseChanged();
        return true;
    }

    private bool TryTakeStep(out PciFunction[] leaving, out VirtualFunctionPlan? plan)
    {
        lock (Physical.Gate)
        {
            leaving = [.. _leaving];
            _leaving.Clear();
            plan = ReferenceEquals(_wanted, _made) || _wanted.Count == 0 ? null : _wanted;
            _made = _wanted;
            return leaving.Length != 0 || plan is not null;
        }
    }

    private void Make(VirtualFunctionPlan plan)
    {
        PciFunction?[] made = new PciFunction?[plan.Count];
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = Create(i);
        }

        if (!TryPublish(new Live(plan, made)))
        {
            End([.. made.OfType<PciFunction>()], announced: false);
            return;
        }

        foreach (PciFunction function in made.OfType<PciFunction>())
        {
            Physical.VirtualFunctionHost?.Added(function.VirtualIndex!.Value, function);
        }
    }

    private PciFunction? Create(int index)
    {
        DeviceCounters counters = CountersOf(index);
        if (Physical.Bus is { } bus)
        {
            return _source.Create(index, bus.Root.NewDmaTarget(counters), VirtualFunctionForm.InTopology);
        }

        DmaTarget? dma = Physical.VirtualFunctionHost?.NewDmaTarget(index, counters);
        return dma is null ? null : _source.Create(index, dma, VirtualFunctionForm.Alone);
    }

    private bool TryPublish(Live live)
    {
        RoutingSnapshot before = RoutingSnapshot.Of(Physical.Bus);
        lock (Physical.Gate)
        {
            if (!ReferenceEquals(_wanted, live.Plan))
            {
                return false;
            }

            if (Physical.Bus is { } bus)
            {
                foreach (PciFunction function in live.Functions)
                {
                    function.Attach(bus, (byte)(Physical.DeviceFunction + live.Plan.OffsetOf(function.VirtualIndex!.Value)));
                }
            }

            _live = live;
            _root = Physical.Bus?.Root;
            _root?.Route();
        }

        before.NotifyChanges();
        return true;
    }

    private void End(PciFunction[] leaving, bool announced)
    {
        if (leaving.Length != 0)
        {
            // Who took them away tells of the mappings, too, but perhaps later than this thread goes on.
            _root?.Memory.Notify();
            _root?.Synchronize();
        }

        foreach (PciFunction function in leaving)
        {
            int index = function.VirtualIndex!.Value;
            if (announced)
            {
                Physical.VirtualFunctionHost?.Removing(index, function);
            }

            function.Retire();
            _source.Remove(index, function);
        }
    }

    /// <summary>The functions of one plan; immutable.</summary>
    private sealed class Live
    {
        internal static readonly Live None = new(VirtualFunctionPlan.None, []);

        internal Live(VirtualFunctionPlan plan, PciFunction?[] byIndex)
        {
            Plan = plan;
            ByIndex = byIndex;
            Functions = [.. byIndex.OfType<PciFunction>()];
        }

        internal VirtualFunctionPlan Plan { get; }

        internal PciFunction?[] ByIndex { get; }

        internal PciFunction[] Functions { get; }

        /// <summary>The same but for one, which is there or isn't.</summary>
        internal Live With(VirtualFunctionPlan plan, int index, PciFunction? function)
        {
            PciFunction?[] all = new PciFunction?[plan.Count];
            ByIndex.CopyTo(all, 0);
            all[index] = function;
            return new Live(plan, all);
        }
    }
}
