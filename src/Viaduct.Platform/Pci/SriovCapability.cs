using System.Buffers.Binary;
using System.Numerics;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;

namespace Viaduct.Platform.Pci;

/// <summary>
/// Single root I/O virtualization (PCI Express Base 5.0, 9.3.3): a physical function's registers for its virtual
/// functions, which come when VF Enable is set and go when it is cleared or the function is reset. Without migration.
/// </summary>
public sealed class SriovCapability : IConfigRegisters
{
    private const ushort Id = 0x10;
    private const int Length = 0x40;

    private const int Control = 0x08;
    private const int InitialVfs = 0x0C;
    private const int TotalVfs = 0x0E;
    private const int NumberOfVfs = 0x10;
    private const int DependencyLink = 0x12;
    private const int FirstOffset = 0x14;
    private const int Stride = 0x16;
    private const int VfDeviceId = 0x1A;
    private const int SupportedPageSizes = 0x1C;
    private const int SystemPageSize = 0x20;
    private const int Bar0 = 0x24;

    private const uint ControlEnable = 1 << 0;
    private const uint ControlMemory = 1 << 3;
    private const uint ControlAri = 1 << 4;

    private readonly SriovOptions _options;
    private readonly VirtualFunctionSet _set;
    private readonly VfBar?[] _bars = new VfBar?[6];
    private VfBar[] _barList = [];
    private SriovCapability _leader;
    private bool _enabled;
    private bool _isTaken;
    private uint _pageSize = 1;

    internal SriovCapability(PciFunction physical, SriovOptions options, IVirtualFunctionSource source)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TotalVfs, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfEqual(options.SupportedPageSizes & 1, 0u, nameof(options));
        CheckPlaces(options.FirstVfOffset, options.VfStride, options.TotalVfs);
        CheckPlaces(options.FirstVfOffsetWithoutAri ?? options.FirstVfOffset, options.VfStrideWithoutAri ?? options.VfStride, options.TotalVfs);
        Physical = physical;
        _options = options;
        _leader = this;
        _set = new VirtualFunctionSet(this, source, options.TotalVfs);
        Span<byte> registers = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt16LittleEndian(registers[InitialVfs..], (ushort)options.TotalVfs);
        BinaryPrimitives.WriteUInt16LittleEndian(registers[TotalVfs..], (ushort)options.TotalVfs);
        BinaryPrimitives.WriteUInt16LittleEndian(registers[VfDeviceId..], options.VfDeviceId);
        BinaryPrimitives.WriteUInt32LittleEndian(registers[SupportedPageSizes..], options.SupportedPageSizes);
        BinaryPrimitives.WriteUInt32LittleEndian(registers[SystemPageSize..], _pageSize);
        registers[DependencyLink] = (byte)(options.FunctionDependencyLink ?? 0);
        Offset = physical.AddExtendedCapability(Id, 1, registers[4..], []);
        physical.Watch(Offset, Length, this);
        Settle();
    }

    /// <summary>Told after virtual functions came or went. No lock is held; several changes may be told as one.</summary>
    public event Action? Changed;

    /// <summary>Whose capability it is.</summary>
    public PciFunction Physical { get; }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>How many virtual functions there can be.</summary>
    public int Total => _options.TotalVfs;

    /// <summary>How many the driver asks for.</summary>
    public int NumVfs => (int)Config.Read(Offset + NumberOfVfs, 2);

    /// <summary>Whether VF Enable is set.</summary>
    public bool Enabled => (Config.Read(Offset + Control, 2) & ControlEnable) != 0;

    /// <summary>The virtual functions that are there now, by index; one that could not be made is missing.</summary>
    public IReadOnlyList<PciFunction> Functions => _set.Functions;

    /// <summary>The BARs of the virtual functions, for firmware to place.</summary>
    internal ReadOnlySpan<VfBar> Bars => _barList;

    private ConfigSpace Config => Physical.Config;

    /// <summary>Whether the lowest physical function of the device has been told that the hierarchy is ARI capable.</summary>
    private bool IsAri => (_leader.Config.Read(_leader.Offset + Control, 2) & ControlAri) != 0;

    /// <summary>Adds a BAR to each virtual function. <see cref="PciFunction.AddBar"/> of a virtual function is then for the same index, kind and size.</summary>
    /// <param name="index">0 to 5; a 64-bit BAR takes the next one, too.</param>
    /// <param name="kind">What it decodes: memory.</param>
    /// <param name="size">Bytes for one virtual function: a power of two, at least 16.</param>
    public void AddVfBar(int index, PciBarKind kind, ulong size)
    {
        VfBar bar = new(index, kind, size, Offset + Bar0 + (index * 4));
        int last = kind.Is64Bit() ? index + 1 : index;
        if (index < 0 || last >= 6 || _bars[index] is not null || _bars[last] is not null)
        {
            throw new ArgumentOutOfRangeException(nameof(index), index, "No such free base address register");
        }

        _bars[index] = bar;
        _bars[last] = bar;
        _barList = [.. _bars.OfType<VfBar>().Distinct()];
        bar.Define(Config);
        Settle();
    }

    /// <summary>The function of a new virtual function, for <see cref="IVirtualFunctionSource.Create"/> to equip like any other: capabilities, and BARs as <see cref="AddVfBar"/> announced them.</summary>
    /// <param name="index">From zero.</param>
    /// <param name="dma">Its way to memory and interrupts.</param>
    /// <param name="form">How it shows itself.</param>
    public PciFunction NewFunction(int index, DmaTarget dma, VirtualFunctionForm form)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Total, nameof(index));
        PciIdentity identity = Physical.Identity with { DeviceId = _options.VfDeviceId };
        return new PciFunction(this, index, identity, dma, form);
    }

    /// <summary>A virtual function that is there now; null when it isn't.</summary>
    public PciFunction? Find(int index) => _set.Find(index);

    /// <summary>What a virtual function costs, over all its lives; also of one that isn't there.</summary>
    /// <param name="index">From zero, below <see cref="Total"/>.</param>
    public DeviceCounters CountersOf(int index) => _set.CountersOf(index);

    /// <summary>Makes virtual functions, as a driver of the physical function does; returns when they are there.</summary>
    /// <param name="count">1 to <see cref="Total"/>.</param>
    /// <exception cref="InvalidOperationException">They are enabled already.</exception>
    public void Enable(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Total);
        if (Enabled)
        {
            throw new InvalidOperationException($"{Physical.Name} has virtual functions already");
        }

        Physical.WriteConfig(Offset + NumberOfVfs, 2, (uint)count);
        Physical.WriteConfig(Offset + Control, 2, Config.Read(Offset + Control, 2) | ControlEnable | ControlMemory);
    }

    /// <summary>Takes all virtual functions away, as a driver of the physical function does; returns when they are gone. Does nothing when there are none.</summary>
    public void Disable()
    {
        Physical.WriteConfig(Offset + Control, 2, Config.Read(Offset + Control, 2) & ~(ControlEnable | ControlMemory));
        Physical.WriteConfig(Offset + NumberOfVfs, 2, 0);
    }

    /// <summary>
    /// Leaves the virtual functions to who hosts the physical one, which is in no topology: they come and go one by one,
    /// with <see cref="TryAdd"/> and <see cref="TryRemove"/>. A driver is told that there can be none, and a reset of the
    /// physical function doesn't touch them. Called once, before there is any.
    /// </summary>
    /// <exception cref="InvalidOperationException">The function is on a bus, nobody hosts its virtual functions, or they are enabled.</exception>
    public void TakeOver()
    {
        if (Physical.Bus is not null || Physical.VirtualFunctionHost is null || Enabled)
        {
            throw new InvalidOperationException($"{Physical.Name}: its virtual functions aren't its host's");
        }

        lock (Physical.Gate)
        {
            _isTaken = true;
            Config.Define(Offset + InitialVfs, 2, 0);
            Config.Define(Offset + TotalVfs, 2, 0);
            Settle();
        }
    }

    /// <summary>Makes a virtual function of those that were taken over; returns when it is there.</summary>
    /// <param name="index">From zero, below <see cref="Total"/>.</param>
    /// <returns>False when it is there already, or there are no means for it.</returns>
    public bool TryAdd(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Total, nameof(index));
        return _isTaken
            ? _set.TryAdd(index, Plan(Total, ari: true))
            : throw new InvalidOperationException($"{Physical.Name}: its virtual functions are its driver's");
    }

    /// <summary>Takes away a virtual function of those that were taken over; returns when it is gone.</summary>
    /// <param name="index">From zero, below <see cref="Total"/>.</param>
    /// <returns>False when it isn't there.</returns>
    public bool TryRemove(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Total, nameof(index));
        return _isTaken
            ? _set.TryRemove(index)
            : throw new InvalidOperationException($"{Physical.Name}: its virtual functions are its driver's");
    }

    ConfigEffects IConfigRegisters.Written()
    {
        uint control = Config.Read(Offset + Control, 2);
        bool enable = (control & ControlEnable) != 0;
        ConfigEffects effects = ConfigEffects.Routing;
        if (enable != _enabled)
        {
            _enabled = enable;
            effects |= ConfigEffects.VirtualFunctions;
            if (enable)
            {
                Begin();
            }
            else
            {
                _set.Withdraw();
            }
        }

        Settle();
        return effects;
    }

    void IConfigRegisters.Reset()
    {
        _enabled = false;
        _pageSize = 1;
        if (!_isTaken)
        {
            Withdraw();
        }

        Settle();
    }

    /// <summary>For people, who count from 1 as NVMe does with its controllers.</summary>
    internal static string NameOf(PciFunction physical, int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{physical.Name}-vf{index + 1}");

    /// <summary>Follows the device's lowest physical function, which alone is told whether the hierarchy is ARI capable (9.3.3.3.5).</summary>
    internal void Join(SriovCapability leader)
    {
        _leader = leader;
        Config.Define(Offset + DependencyLink, 1, (uint)(_options.FunctionDependencyLink ?? Physical.DeviceFunction));
        Settle();
    }

    /// <summary>The virtual function at a routing id, seen from the physical function's bus; null when there is none.</summary>
    internal PciFunction? FindAt(int routingId, int bus) => _set.FindAt(routingId - ((bus << 8) | Physical.DeviceFunction));

    /// <summary>The highest routing id that a virtual function can have, for firmware to make room.</summary>
    internal int LastRoutingId(int bus)
    {
        int with = Plan(Total, ari: true).OffsetOf(Total - 1);
        int without = Plan(Total, ari: false).OffsetOf(Total - 1);
        return ((bus << 8) | Physical.DeviceFunction) + Math.Max(with, without);
    }

    /// <summary>Where a virtual function's BAR is now; null where nothing is seen. Under the topology's lock.</summary>
    internal AddressRange? Place(int function, PciBar bar) =>
        (Config.Read(Offset + Control, 2) & ControlMemory) != 0 && _bars[bar.Index]!.TryGetRange(Config, function, out AddressRange range)
            ? range
            : null;

    /// <summary>Throws when a virtual function's BAR isn't what was announced.</summary>
    internal void CheckBar(PciBar bar)
    {
        if (_bars[bar.Index] is not { } announced || announced.Index != bar.Index || announced.Kind != bar.Kind || announced.Size != bar.Size)
        {
            throw new ArgumentOutOfRangeException(nameof(bar), $"{Physical.Name} announces no such BAR {bar.Index} of its virtual functions");
        }
    }

    /// <summary>Makes the virtual functions follow registers and bridges. Under the topology's lock.</summary>
    internal void Route(int routingId, Upstream upstream, MappingChange memory) => _set.Route(routingId, upstream, memory);

    /// <summary>Takes all virtual functions off the bus. Under the topology's lock; <see cref="Reconcile"/> follows outside it.</summary>
    internal void Withdraw() => _set.Withdraw();

    /// <summary>Makes and ends virtual functions as the registers ask for. No lock is held.</summary>
    internal void Reconcile() => _set.Reconcile();

    internal void RaiseChanged() => Changed?.Invoke();

    private static void CheckPlaces(int first, int stride, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, count == 1 ? 0 : 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + ((count - 1) * (long)stride), 0xFFFF, nameof(count));
    }

    private void Begin()
    {
        int count = NumVfs;
        if (count > Total)
        {
            _options.Log?.Warn(Physical.Name, $"the guest enabled {count} virtual functions where there are {Total} at most; there will be none");
        }
        else
        {
            _set.Want(Plan(count, IsAri));
        }
    }

    private VirtualFunctionPlan Plan(int count, bool ari) => ari
        ? new VirtualFunctionPlan(count, _options.FirstVfOffset, _options.VfStride)
        : new VirtualFunctionPlan(count, _options.FirstVfOffsetWithoutAri ?? _options.FirstVfOffset, _options.VfStrideWithoutAri ?? _options.VfStride);

    /// <summary>Makes the registers, and what can be written in them, agree with each other.</summary>
    private void Settle()
    {
        SettlePageSize();
        bool leads = _leader == this;
        bool settled = _enabled || _isTaken;
        Config.Permit(Offset + NumberOfVfs, 2, settled ? 0u : 0xFFFF);
        Config.Permit(Offset + SystemPageSize, 4, settled ? 0 : _options.SupportedPageSizes);
        Config.Permit(Offset + Control, 2, _isTaken ? 0 : ControlEnable | ControlMemory | (_enabled || !leads ? 0 : ControlAri));
        SettlePlaces();
        if (leads && Physical.Bus is { } bus)
        {
            foreach (PciFunction function in bus.Functions)
            {
                if (function.Sriov is { } other && other._leader == this)
                {
                    other.SettlePlaces();
                }
            }
        }
    }

    private void SettlePageSize()
    {
        uint size = Config.Read(Offset + SystemPageSize, 4);
        if (BitOperations.IsPow2(size))
        {
            _pageSize = size;
        }
        else
        {
            // Exactly one size is in use (9.3.3.13); anything else leaves the one before.
            Config.Set(Offset + SystemPageSize, 4, _pageSize);
        }

        foreach (VfBar bar in _barList)
        {
            bar.Align(Config, (ulong)_pageSize << 12);
        }
    }

    private void SettlePlaces()
    {
        VirtualFunctionPlan plan = Plan(0, IsAri);
        Config.Set(Offset + FirstOffset, 2, (uint)plan.First);
        Config.Set(Offset + Stride, 2, (uint)plan.Stride);
    }
}
