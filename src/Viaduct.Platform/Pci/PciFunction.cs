using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// One PCI Express function: configuration space, BARs, capabilities, interrupt pin and DMA identity. It works the
/// same in a topology (<see cref="PciBus.Add"/>), behind a server and alone in a test; outside a topology Bus Master
/// Enable alone grants its <see cref="DmaTarget"/>.
/// </summary>
/// <remarks>
/// Locks: one for a whole topology orders configuration writes with what follows from them (mappings, grants, pins).
/// Under it only address spaces, interrupt lines and MSI sinks are called, which don't block. Devices are called, and
/// address spaces tell their listeners, after it is released.
/// </remarks>
public sealed class PciFunction
{
    private const int RomIndex = 6;

    private readonly CapabilityList _capabilities;
    private readonly BarSet _bars = new();
    private readonly IntxPin _pin;
    private readonly Lock _resetOrder = new();
    private readonly AccessGuard? _guard;
    private readonly ConfigWatchList _watches;
    private MsiCapability? _msi;
    private MsixCapability? _msix;
    private PowerManagementCapability? _power;
    private bool _withdrawn;
    private bool _retired;
    private bool _removed;

    /// <param name="name">For people: the device's id.</param>
    /// <param name="identity">Who it says it is.</param>
    /// <param name="dma">Its way to memory and interrupts.</param>
    /// <param name="counters">Where accesses to its BARs are counted as exits.</param>
    public PciFunction(string name, PciIdentity identity, DmaTarget dma, DeviceCounters counters)
        : this(name, identity, dma, counters, headerType: 0)
    {
    }

    internal PciFunction(string name, PciIdentity identity, DmaTarget dma, DeviceCounters counters, byte headerType, AccessGuard? guard = null)
    {
        _guard = guard;
        _watches = new ConfigWatchList(guard);
        Name = name;
        Identity = identity;
        Dma = dma;
        Counters = counters;
        Config = new ConfigSpace();
        _capabilities = new CapabilityList(Config);
        _pin = new IntxPin(this);
        Config.Define(ConfigHeader.VendorId, 4, identity.VendorId | ((uint)identity.DeviceId << 16));
        Config.Define(ConfigHeader.Command, 2, 0, ConfigHeader.CommandWritable);
        Config.Define(ConfigHeader.Status, 2, 0, clearable: ConfigHeader.StatusClearable);
        Config.Define(ConfigHeader.RevisionAndClass, 4, identity.Revision | (identity.ClassCode << 8));
        Config.Define(ConfigHeader.CacheLineSize, 1, 0, 0xFF);
        Config.Define(ConfigHeader.HeaderType, 1, headerType);
        Config.Define(ConfigHeader.InterruptLine, 1, 0, 0xFF);
        if (headerType == 0)
        {
            Config.Define(ConfigHeader.SubsystemVendorId, 4, identity.SubsystemVendorId | ((uint)identity.SubsystemId << 16));
        }

        Watch(ConfigHeader.Command, 2, new SteeringRegister(ConfigEffects.Routing | ConfigEffects.Interrupts));
    }

    /// <summary>A virtual function. In a topology it keeps what 9.3.4 leaves it of a header: bus mastering, its class and subsystem.</summary>
    internal PciFunction(SriovCapability capability, int index, PciIdentity identity, DmaTarget dma, VirtualFunctionForm form)
        : this(SriovCapability.NameOf(capability.Physical, index), identity, dma, dma.Counters, headerType: 0, new AccessGuard())
    {
        VirtualIndex = index;
        if (form == VirtualFunctionForm.InTopology)
        {
            Placed = capability;
            Gate = capability.Physical.Gate;
            Config.Define(ConfigHeader.VendorId, 4, uint.MaxValue);
            Config.Define(ConfigHeader.Command, 2, 0, ConfigHeader.CommandBusMaster);
            Config.Define(ConfigHeader.CacheLineSize, 1, 0);
            Config.Define(ConfigHeader.InterruptLine, 1, 0);
        }
    }

    /// <summary>Returns the device to its power-on state: function, bus or system reset. The registers here are reset and DMA is revoked before; workers are quiet when a handler returns. One at a time; the topology's lock is not held, and handlers don't wait for a vCPU.</summary>
    public event Action? Reset;

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>Who it says it is.</summary>
    public PciIdentity Identity { get; }

    /// <summary>Its way to memory and interrupts.</summary>
    public DmaTarget Dma { get; }

    /// <summary>What it costs.</summary>
    public DeviceCounters Counters { get; }

    /// <summary>Doorbells that may be shown to the guest as memory; null where it has none. Set when the device is built.</summary>
    public DoorbellPage? Doorbells { get; set; }

    /// <summary>The bus it is on, if it is in a topology.</summary>
    public PciBus? Bus { get; private set; }

    /// <summary>Device (7:3) and function (2:0) on its bus.</summary>
    public byte DeviceFunction { get; private set; }

    /// <summary>Its BARs, by index.</summary>
    public ReadOnlySpan<PciBar> Bars => _bars.All;

    /// <summary>INTA#, which honours Interrupt Disable and is silent while MSI or MSI-X is enabled. The first use announces the pin, so it is asked for when the device is built. A virtual function has none, and nothing comes of it.</summary>
    public IInterruptLine IntX => IsVirtual ? AbsentLine.Instance : _pin.Announce();

    /// <summary>Whether the guest chose MSI or MSI-X.</summary>
    public bool UsesMessages => InterruptHost is { } host ? host.UsesMessages : _msi is { Enabled: true } || _msix is { Enabled: true };

    /// <summary>Who has taken over the interrupts; null while the registers decide.</summary>
    public IInterruptHost? InterruptHost { get; private set; }

    /// <summary>How the device stops its DMA for a while; null for one that does DMA only while its registers are accessed. Set by the device.</summary>
    public IDmaPause? DmaPause { get; set; }

    /// <summary>How many interrupts there are: MSI-X, MSI and the pin.</summary>
    public (int Msix, int Msi, int Pin) InterruptCounts =>
        (_msix?.Count ?? 0, _msi?.Count ?? 0, Config.Read(ConfigHeader.InterruptPin, 1) == 0 ? 0 : 1);

    /// <summary>Its virtual functions, if it can have some.</summary>
    public SriovCapability? Sriov { get; private set; }

    /// <summary>Who hosts its virtual functions while it is in no topology; without one there are none.</summary>
    public IVirtualFunctionHost? VirtualFunctionHost { get; set; }

    /// <summary>Which of its physical function's virtual functions it is; null for another.</summary>
    public int? VirtualIndex { get; }

    /// <summary>Whether it is a virtual function.</summary>
    public bool IsVirtual => VirtualIndex is not null;

    /// <summary>Where a virtual function that stands beside its physical one gets its place from.</summary>
    internal SriovCapability? Placed { get; }

    /// <summary>Its place among the functions of a link.</summary>
    internal AriCapability? Ari { get; private set; }

    /// <summary>The bridge whose header this is.</summary>
    internal PciBridge? Bridge { get; init; }

    internal MsiCapability? Msi => _msi;

    internal ConfigSpace Config { get; }

    internal Lock Gate { get; private set; } = new();

    internal uint Command => Config.Read(ConfigHeader.Command, 2);

    /// <summary>Whether the function does more than answer configuration requests.</summary>
    internal bool IsPowered => (_power is null or { IsD0: true }) && (Placed is null || Placed.Physical.IsPowered);

    /// <summary>Adds a base address register.</summary>
    /// <param name="index">0 to 5 (0 and 1 for a bridge); a 64-bit BAR takes the next one, too.</param>
    /// <param name="kind">What it decodes.</param>
    /// <param name="size">Bytes: a power of two, at least 16 (I/O: 4 to 256).</param>
    public PciBar AddBar(int index, PciBarKind kind, ulong size)
    {
        PciBar bar = new(this, index, kind, size);
        Placed?.CheckBar(bar);
        _bars.Add(bar, isBridge: Bridge is not null);
        if (Placed is null)
        {
            bar.Define(Config);
            Watch(bar.Register, bar.Is64Bit ? 8 : 4, new SteeringRegister(ConfigEffects.Routing));
        }

        return bar;
    }

    /// <summary>Adds the expansion ROM of a type 0 header.</summary>
    /// <param name="size">Bytes: a power of two from 2048 to 16 MiB.</param>
    public PciBar AddRom(ulong size)
    {
        PciBar rom = new(this, RomIndex, PciBarKind.Rom, size);
        _bars.AddRom(rom);
        rom.Define(Config);
        Watch(rom.Register, 4, new SteeringRegister(ConfigEffects.Routing));
        return rom;
    }

    /// <summary>Adds MSI-X and puts its table and pending bits into BARs.</summary>
    /// <param name="vectors">1 to 2048.</param>
    /// <param name="tableBar">The BAR that holds the table, 16 bytes a vector.</param>
    /// <param name="tableOffset">Where in it, a multiple of 8.</param>
    /// <param name="pbaBar">The BAR that holds the pending bits, a bit a vector in whole 8 bytes.</param>
    /// <param name="pbaOffset">Where in it, a multiple of 8.</param>
    public MsixCapability AddMsix(int vectors, PciBar tableBar, ulong tableOffset, PciBar pbaBar, ulong pbaOffset) =>
        _msix = new MsixCapability(this, vectors, tableBar, tableOffset, pbaBar, pbaOffset);

    /// <summary>Adds MSI.</summary>
    /// <param name="vectors">A power of two up to 32.</param>
    public MsiCapability AddMsi(int vectors) => _msi = new MsiCapability(this, vectors);

    /// <summary>Adds the PCI Express capability.</summary>
    /// <param name="type">What the function is.</param>
    /// <param name="port">The number of the port and its slot; 0 for an endpoint.</param>
    /// <param name="hotPlug">Whether devices come and go in the port's slot; the interrupt pin and MSI have to be there.</param>
    public PciExpressCapability AddExpress(PciExpressType type = PciExpressType.Endpoint, int port = 0, bool hotPlug = false) => new(this, type, port, hotPlug);

    /// <summary>Adds power management with D0 and D3hot.</summary>
    public PowerManagementCapability AddPowerManagement() => _power = new PowerManagementCapability(this);

    /// <summary>Says where the next capability goes, in front of the rest of the room: drivers of some devices know where to look.</summary>
    /// <param name="offset">A multiple of 4, from 40h to FCh, or from 100h on for an extended capability. What is there already is the caller's to know.</param>
    public void PlaceNextCapability(int offset) => _capabilities.Place(offset);

    /// <summary>Adds single root I/O virtualization: from now on the guest, or <see cref="SriovCapability.Enable"/>, makes virtual functions.</summary>
    /// <param name="options">How many, and where.</param>
    /// <param name="source">The device that makes them.</param>
    public SriovCapability AddSriov(SriovOptions options, IVirtualFunctionSource source) => Sriov = new SriovCapability(this, options, source);

    /// <summary>Adds alternative routing-ID interpretation.</summary>
    public AriCapability AddAri() => Ari = new AriCapability(this);

    /// <summary>Adds advanced error reporting.</summary>
    public ErrorReportingCapability AddErrorReporting() => new(this);

    /// <summary>Adds a capability at the end of the list.</summary>
    /// <param name="id">The capability's id.</param>
    /// <param name="body">What follows the 2 bytes of id and pointer, as it reads after reset.</param>
    /// <param name="writeMask">The bits of <paramref name="body"/> that the guest writes.</param>
    /// <param name="observer">Hears of accesses to the capability; an <see cref="IConfigReadObserver"/> hears of reads, too.</param>
    /// <param name="clearMask">The bits of <paramref name="body"/> that the guest clears by writing one.</param>
    /// <returns>Where the capability lies.</returns>
    public int AddCapability(byte id, ReadOnlySpan<byte> body, ReadOnlySpan<byte> writeMask, IConfigWriteObserver? observer = null, ReadOnlySpan<byte> clearMask = default)
    {
        int offset = _capabilities.Add(id, body, writeMask, clearMask);
        Observe(offset, body.Length + 2, observer);
        return offset;
    }

    /// <summary>Adds an extended capability at the end of the list.</summary>
    /// <param name="id">The capability's id.</param>
    /// <param name="version">The capability's version.</param>
    /// <param name="body">What follows the 4 bytes of header, as it reads after reset.</param>
    /// <param name="writeMask">The bits of <paramref name="body"/> that the guest writes.</param>
    /// <param name="observer">Hears of accesses to the capability; an <see cref="IConfigReadObserver"/> hears of reads, too.</param>
    /// <param name="clearMask">The bits of <paramref name="body"/> that the guest clears by writing one.</param>
    /// <returns>Where the capability lies.</returns>
    public int AddExtendedCapability(ushort id, byte version, ReadOnlySpan<byte> body, ReadOnlySpan<byte> writeMask, IConfigWriteObserver? observer = null, ReadOnlySpan<byte> clearMask = default)
    {
        int offset = _capabilities.AddExtended(id, version, body, writeMask, clearMask);
        Observe(offset, body.Length + 4, observer);
        return offset;
    }

    /// <summary>Says who hears of accesses to registers, beside the platform's own capabilities.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="observer">Hears of writes; an <see cref="IConfigReadObserver"/> hears of reads, too. Offsets are from <paramref name="offset"/>.</param>
    public void Observe(int offset, int length, IConfigWriteObserver? observer)
    {
        if (observer is not null)
        {
            _watches.Add(offset, length, observer);
        }
    }

    /// <summary>A configuration read; all ones where the access isn't naturally aligned or runs past the 4096 bytes.</summary>
    /// <param name="offset">0 to 4095.</param>
    /// <param name="size">1, 2 or 4.</param>
    public uint ReadConfig(int offset, int size)
    {
        if (!ConfigSpace.IsAccess(offset, size))
        {
            return uint.MaxValue;
        }

        _watches.TellReading(offset, size);
        return Config.Read(offset, size);
    }

    /// <summary>A configuration write, with all that follows from it before it returns; lost where the access isn't naturally aligned or runs past the 4096 bytes.</summary>
    /// <param name="offset">0 to 4095.</param>
    /// <param name="size">1, 2 or 4.</param>
    /// <param name="value">What is written.</param>
    public void WriteConfig(int offset, int size, uint value)
    {
        if (!ConfigSpace.IsAccess(offset, size))
        {
            return;
        }

        List<PciFunction> reset = [];
        ConfigEffects effects;
        RoutingSnapshot before = RoutingSnapshot.Of(Bus);
        lock (Gate)
        {
            if (_withdrawn)
            {
                return;
            }

            Config.Write(offset, size, value);
            effects = _watches.TakeOn(offset, size);
            Follow(effects, reset);
        }

        before.NotifyChanges();
        if ((effects & ConfigEffects.VirtualFunctions) != 0)
        {
            Sriov!.Reconcile();
        }

        foreach (PciFunction function in reset)
        {
            function.RaiseReset();
        }

        _watches.TellWritten(offset, size);
    }

    /// <summary>The device's own change of a register: past the write masks, gone at the next reset.</summary>
    /// <param name="offset">Naturally aligned.</param>
    /// <param name="size">1, 2 or 4.</param>
    /// <param name="value">The new value.</param>
    public void SetConfig(int offset, int size, uint value)
    {
        if (!ConfigSpace.IsAccess(offset, size))
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"No register of {size} bytes");
        }

        lock (Gate)
        {
            Config.Set(offset, size, value);
        }
    }

    /// <summary>A register as it stands; no observer hears of it.</summary>
    /// <param name="offset">Naturally aligned.</param>
    /// <param name="size">1, 2 or 4.</param>
    public uint GetConfig(int offset, int size) =>
        ConfigSpace.IsAccess(offset, size)
            ? Config.Read(offset, size)
            : throw new ArgumentOutOfRangeException(nameof(offset), offset, $"No register of {size} bytes");

    /// <summary>Takes interrupts over from the registers, or gives them back. For a function that is in no topology.</summary>
    public void TakeInterrupts(IInterruptHost? host)
    {
        lock (Gate)
        {
            InterruptHost = host;
            _pin.HandOver();
        }
    }

    /// <summary>Makes the pin follow after <see cref="IInterruptHost.UsesMessages"/> changed.</summary>
    public void UpdatePin()
    {
        lock (Gate)
        {
            _pin.Update();
        }
    }

    /// <summary>Takes the function to its power-on state, registers first, then the device (<see cref="Reset"/>).</summary>
    public void SystemReset()
    {
        RoutingSnapshot before = RoutingSnapshot.Of(Bus);
        lock (Gate)
        {
            ResetRegisters();
            Route();
        }

        before.NotifyChanges();
        RaiseReset();
    }

    /// <summary>Resets the device. After <see cref="ResetRegisters"/>, outside the topology's lock.</summary>
    internal void RaiseReset()
    {
        // A physical function's reset took its virtual functions away; they are gone before its device hears of it.
        Sriov?.Reconcile();

        // Two vCPUs may ask for a reset at once; a device sees one after the other.
        lock (_resetOrder)
        {
            if (!_retired)
            {
                Reset?.Invoke();
            }
        }
    }

    /// <summary>Takes a virtual function off the bus: it masters it no more and hears of no configuration write. Under the topology's lock.</summary>
    internal void Withdraw()
    {
        lock (Gate)
        {
            // Alone, it has a lock of its own.
            _withdrawn = true;
            Dma.Granted = false;
            ResetRegisters();
        }
    }

    /// <summary>Ends a virtual function that was withdrawn: past this, no access to it is under way and its device is reset. No lock is held.</summary>
    internal void Retire()
    {
        _guard!.Close();
        lock (_resetOrder)
        {
            Reset?.Invoke();
            _retired = true;
        }
    }

    /// <summary>
    /// Has an eventfd assert INTA# past the monitor. Interrupt Disable and whether messages are used instead are then the
    /// caller's to follow, and Interrupt Status doesn't show it.
    /// </summary>
    /// <param name="signal">Asserts it; alive until the event is disposed.</param>
    /// <param name="resample">Raised when the guest has served the interrupt.</param>
    /// <returns>Null where the engine can't, or the function is on no bus.</returns>
    public IPinEvent? ConnectPin(EventFd signal, EventFd resample)
    {
        lock (Gate)
        {
            return Bus is { } bus ? bus.Root.AddPin(bus.HostLine(DeviceFunction), signal, resample) : null;
        }
    }

    /// <summary>A handler for registers here, which outlives them if they go away.</summary>
    internal IAccessHandler Guarded(IAccessHandler handler) => _guard is null ? handler : new GuardedHandler(handler, _guard);

    internal void Attach(PciBus bus, byte deviceFunction)
    {
        Gate = bus.Root.Gate;
        Bus = bus;
        DeviceFunction = deviceFunction;
    }

    /// <summary>Closes everything that leads here. Under the topology's lock.</summary>
    internal void Detach()
    {
        MappingChange memory = new(Bus!.Root.Memory);
        MappingChange ports = new(Bus.Root.Ports);
        Sriov?.Withdraw();
        Route(new Upstream(0, LastBus: 0, Mastering: false, [], []), memory, ports);
        memory.Apply();
        ports.Apply();
        _pin.Reset();
        _removed = true;
        Bus = null;
    }

    internal void Watch(int offset, int length, IConfigRegisters registers) => _watches.Add(offset, length, registers);

    /// <summary>Makes mappings and grants follow the registers again, after something behind a BAR changed.</summary>
    internal void Reroute()
    {
        if ((Placed?.Physical.Bus ?? Bus) is not { } bus)
        {
            return;
        }

        RoutingSnapshot before = RoutingSnapshot.Of(bus);
        lock (Gate)
        {
            bus.Root.Route();
        }

        before.NotifyChanges();
    }

    /// <summary>Takes on what the bridges above let through. Under the topology's lock.</summary>
    internal void Route(Upstream upstream, MappingChange memory, MappingChange ports)
    {
        uint command = IsPowered ? Command : 0;
        Dma.RequesterId = (ushort)((upstream.BusNumber << 8) | DeviceFunction);
        Dma.Granted = upstream.Mastering && (command & ConfigHeader.CommandBusMaster) != 0;
        bool seesMemory = (command & ConfigHeader.CommandMemory) != 0;
        bool seesPorts = (command & ConfigHeader.CommandIo) != 0;
        _bars.Place(Config, seesMemory ? upstream.Memory : [], memory, seesPorts ? upstream.Io : [], ports);
        Bridge?.Route(upstream, command, memory, ports);
        Sriov?.Route((upstream.BusNumber << 8) | DeviceFunction, upstream, memory);
    }

    /// <summary>Takes on what its physical function and the bridges above let through. Under the topology's lock.</summary>
    /// <param name="routingId">Bus, device and function, as the physical function's registers put it.</param>
    internal void RouteVirtual(int routingId, Upstream upstream, MappingChange memory)
    {
        // Past the last bus that leads here no completion would come back.
        bool reached = routingId >> 8 <= Math.Max(upstream.BusNumber, upstream.LastBus);
        bool powered = IsPowered;
        Dma.RequesterId = (ushort)routingId;
        Dma.Granted = reached && powered && upstream.Mastering && (Command & ConfigHeader.CommandBusMaster) != 0;
        _bars.PlaceVirtual(powered ? Placed : null, VirtualIndex!.Value, upstream.Memory, memory);
    }

    /// <summary>Takes the BARs of a virtual function that goes out of memory. Under the topology's lock.</summary>
    internal void Unplace(MappingChange memory) => _bars.Unplace(memory);

    /// <summary>Resets the registers here. Under the topology's lock; <see cref="RaiseReset"/> follows outside it.</summary>
    internal void ResetRegisters()
    {
        Config.Reset();
        _watches.Reset();
        _pin.Reset();
    }

    private void Follow(ConfigEffects effects, List<PciFunction> reset)
    {
        if ((effects & ConfigEffects.FunctionReset) != 0)
        {
            ResetRegisters();
            reset.Add(this);
        }

        if ((effects & ConfigEffects.SecondaryReset) != 0)
        {
            Bridge!.Secondary.ResetRegisters(reset);
        }

        if ((effects & ConfigEffects.Interrupts) != 0)
        {
            _pin.Update();
        }

        if ((effects & ~ConfigEffects.Interrupts) != 0)
        {
            Route();
        }
    }

    private void Route()
    {
        if (Bus is { } bus)
        {
            bus.Root.Route();
        }
        else if (!_removed)
        {
            Dma.Granted = IsPowered && (Command & ConfigHeader.CommandBusMaster) != 0;
        }
    }
}
