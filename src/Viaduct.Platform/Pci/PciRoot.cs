using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;

namespace Viaduct.Platform.Pci;

/// <summary>
/// A root complex: segment 0, bus 0, a host bridge at 00:00.0 and root ports. It routes configuration requests, holds
/// the lock of the topology, and makes mappings, DMA grants and interrupt lines follow the registers.
/// </summary>
public sealed class PciRoot : ISavable
{
    /// <summary>The first port of configuration mechanism #1.</summary>
    public const ushort ConfigPortsBase = 0xCF8;

    private static readonly AddressRange _allMemory = new(0, (1UL << 52) - 1);
    private static readonly AddressRange _allPorts = new(0, 0xFFFF);

    private readonly PciRootOptions _options;
    private readonly int[] _drivers = new int[4];
    private readonly List<RootPort> _rootPorts = [];
    private ConfigPorts? _configPorts;

    /// <param name="options">What it is connected to.</param>
    public PciRoot(PciRootOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Lines.Count, 4, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)options.LastBus, 255u, nameof(options));
        _options = options;
        Bus = new PciBus(this, parent: null);
        HostBridge = new HostBridge(this);
        Bus.Add(0, 0, HostBridge.Function);
    }

    /// <inheritdoc/>
    public string StateName => "root complex";

    /// <inheritdoc/>
    public int StateVersion => 1;

    /// <summary>The root bus, number 0.</summary>
    public PciBus Bus { get; }

    /// <summary>The function at 00:00.0.</summary>
    public HostBridge HostBridge { get; }

    /// <summary>The ports that were added.</summary>
    public IReadOnlyList<RootPort> RootPorts => _rootPorts;

    /// <summary>The highest bus number that can be reached.</summary>
    public int LastBus => _options.LastBus;

    /// <summary>Bytes of ECAM: 1 MiB a bus.</summary>
    public ulong EcamLength => ((ulong)LastBus + 1) << 20;

    internal AddressSpace Memory => _options.Memory;

    internal AddressSpace Ports => _options.Ports;

    internal DeviceCounters Counters => _options.Counters;

    /// <summary>Waits until no vCPU reaches memory behind a BAR that is out of the address space.</summary>
    internal void Synchronize() => _options.Synchronize?.Invoke();

    /// <summary>Orders configuration writes, pins and routing. Address spaces, lines and MSI sinks are called under it, devices never.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Adds a root port on the root bus. Slots are numbered from 1.</summary>
    /// <param name="device">1 to 31.</param>
    /// <param name="hotPlug">Whether devices come and go in its slot while the guest runs.</param>
    public RootPort AddRootPort(int device, bool hotPlug = false)
    {
        int number = _rootPorts.Count + 1;
        RootPort port = new(this, $"root-port-{number}", number, hotPlug);
        Bus.Add(device, 0, port.Function);
        _rootPorts.Add(port);
        return port;
    }

    /// <summary>A DMA identity for a function of this topology, granted nothing until the guest does.</summary>
    /// <param name="counters">Where its bytes and interrupts are counted.</param>
    public DmaTarget NewDmaTarget(DeviceCounters counters) => new(_options.DmaMemory, _options.Msi, counters, _options.InterruptEvents);

    /// <summary>Puts configuration space into memory (PCI Express Base 5.0, 7.2.2).</summary>
    /// <param name="address">Of bus 0; a multiple of <see cref="EcamLength"/>.</param>
    public Mapping MapEcam(ulong address) =>
        Memory.Map("ECAM", address, EcamLength, new EcamHandler(this), MappingPriority.Board, Counters);

    /// <summary>Puts configuration mechanism #1 at the ports 0xCF8 to 0xCFF (PCI Local Bus 3.0, 3.2.2.3.2).</summary>
    /// <param name="resetControl">Answers the single byte 0xCF9, where chipsets have a reset register between, at offset 0.</param>
    public Mapping MapConfigPorts(IAccessHandler? resetControl = null)
    {
        _configPorts = new ConfigPorts(this, resetControl);
        return Ports.Map("PCI configuration", ConfigPortsBase, 8, _configPorts, MappingPriority.Board, Counters);
    }

    /// <summary>A configuration read; all ones where no function answers.</summary>
    /// <param name="bus">0 to 255.</param>
    /// <param name="deviceFunction">Device (7:3) and function (2:0).</param>
    /// <param name="offset">0 to 4095, naturally aligned.</param>
    /// <param name="size">1, 2 or 4.</param>
    public uint ReadConfig(int bus, int deviceFunction, int offset, int size) =>
        (Find(bus, deviceFunction)?.ReadConfig(offset, size) ?? uint.MaxValue) & (uint.MaxValue >> (32 - (size * 8)));

    /// <summary>A configuration write; lost where no function answers.</summary>
    /// <inheritdoc cref="ReadConfig"/>
    /// <param name="value">What is written.</param>
    public void WriteConfig(int bus, int deviceFunction, int offset, int size, uint value) =>
        Find(bus, deviceFunction)?.WriteConfig(offset, size, value);

    /// <summary>The function that answers at a routing id now; null when there is none.</summary>
    public PciFunction? Find(int bus, int deviceFunction)
    {
        if ((uint)bus > (uint)LastBus || (uint)deviceFunction > 255)
        {
            return null;
        }

        PciBus at = Bus;
        while (bus != at.Number)
        {
            if (Next(at, bus) is not { } below)
            {
                return at.FindVirtual(bus, deviceFunction);
            }

            at = below;
        }

        return at.Find(deviceFunction);
    }

    /// <summary>Takes the whole topology to its power-on state, registers first, then the devices.</summary>
    public void SystemReset()
    {
        List<PciFunction> reset = [];
        RoutingSnapshot before = RoutingSnapshot.Of(Bus);
        lock (Gate)
        {
            Bus.ResetRegisters(reset);
            Route();
        }

        before.NotifyChanges();
        foreach (PciFunction function in reset)
        {
            function.RaiseReset();
        }
    }

    /// <summary>Writes what the guest wrote to the registers of mechanism #1 and of the root bus's functions. What devices keep besides is their own.</summary>
    public void Save(StateWriter writer)
    {
        lock (Gate)
        {
            writer.UInt32(_configPorts?.Address ?? 0);
            writer.Int32(Bus.Functions.Count);
            foreach (PciFunction function in Bus.Functions)
            {
                function.Config.Save(writer);
            }
        }
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        lock (Gate)
        {
            uint address = reader.UInt32();
            if (_configPorts is not null)
            {
                _configPorts.Address = address;
            }

            _ = reader.Int32(Bus.Functions.Count, Bus.Functions.Count);
            foreach (PciFunction function in Bus.Functions)
            {
                function.Config.Restore(reader);
            }

            Route();
        }
    }

    /// <summary>Makes mappings and grants follow the registers, in one step for each address space. Under <see cref="Gate"/>.</summary>
    internal void Route()
    {
        MappingChange memory = new(Memory);
        MappingChange ports = new(Ports);
        Bus.Route(new Upstream(0, LastBus: 0, Mastering: true, [_allMemory], [_allPorts]), memory, ports);
        memory.Apply();
        ports.Apply();
    }

    /// <summary>Connects an eventfd to a host line, if the engine can. Under <see cref="Gate"/>.</summary>
    internal IPinEvent? AddPin(int line, EventFd signal, EventFd resample) =>
        _options.InterruptEvents?.AddPin(_options.FirstLine + line, signal, resample);

    /// <summary>Adds or takes away a driver of a host line, which carries the OR of all. Under <see cref="Gate"/>.</summary>
    internal void Drive(int line, bool driven)
    {
        int before = _drivers[line];
        _drivers[line] = driven ? before + 1 : before - 1;
        if (before == 0 || _drivers[line] == 0)
        {
            _options.Lines[line].Set(driven);
        }
    }

    private static PciBus? Next(PciBus from, int bus)
    {
        IReadOnlyList<PciFunction> functions = from.Functions;
        for (int i = 0; i < functions.Count; i++)
        {
            if (functions[i].Bridge is { } bridge && bridge.Forwards(bus))
            {
                return bridge.Secondary;
            }
        }

        return null;
    }
}
