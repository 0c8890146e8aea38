using System.Numerics;
using Viaduct.Assigned.Configuration;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned;

/// <summary>
/// A device as one guest sees it. Identity and capabilities are copied, the header is the guest's own; BARs are mapped
/// where the device allows it, doorbells included; interrupts come by eventfds; all of the guest's memory, and nothing
/// else, is the device's to reach.
/// </summary>
/// <remarks>
/// With the pin in use, and no way past the monitor for it, BARs are not mapped: the guest's next access is what tells
/// that it serves an interrupt.
/// </remarks>
public sealed class AssignedFunction : IDoorbellTrapper, IConfigWriteObserver, IDisposable
{
    private const int Command = 0x04;
    private const int CommandLength = 2;
    private const uint CommandIo = 1 << 0;
    private const uint CommandMemory = 1 << 1;
    private const uint CommandBusMaster = 1 << 2;
    private const uint CommandPinDisable = 1 << 10;

    private readonly Lock _lock = new();
    private readonly IAssignedDevice _device;
    private readonly Action _synchronize;
    private readonly IEventLog _log;
    private readonly InterruptRelay _relay;
    private readonly DmaFollower _memory;
    private readonly List<AssignedBar> _bars = [];
    private readonly CapabilityLayout _capabilities;
    private readonly MessageRoutes? _msix;
    private readonly MessageRoutes? _msi;
    private readonly PinRoute? _pin;
    private readonly Func<int, bool> _isUnmasked;
    private uint? _deviceCommand;
    private bool _disposed;

    /// <summary>Gives a device to a guest. Nothing is on a bus yet.</summary>
    /// <param name="name">For people: the device's id in the machine.</param>
    /// <param name="device">The device; it stays the caller's to dispose, after this.</param>
    /// <param name="dma">Requester id and the way of MSIs.</param>
    /// <param name="counters">What it costs.</param>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="synchronize">Returns when no processor uses what <paramref name="memory"/> showed before its last change.</param>
    /// <param name="log">Where it says what it couldn't do.</param>
    /// <exception cref="AssignedDeviceException">The device is none that a guest can be given.</exception>
    public AssignedFunction(string name, IAssignedDevice device, DmaTarget dma, DeviceCounters counters, AddressSpace memory, Action synchronize, IEventLog log)
    {
        _device = device;
        _synchronize = synchronize;
        _log = log;
        DeviceConfig config = DeviceConfig.Read(device);
        Function = new PciFunction(name, IdentityOf(config), dma, counters);
        _relay = new InterruptRelay(name, counters);
        try
        {
            const int PinRegister = 0x3D;
            bool hasPin = config.Byte(PinRegister) != 0 && device.InterruptCount(AssignedInterrupt.Intx) > 0;
            _pin = hasPin ? new PinRoute(device, Function, _relay) : null;
            RegionAccess[] registers = [.. Enumerable.Range(0, AssignedRegion.Rom + 1).Select(index => new RegionAccess(device, index, _pin))];
            PciBar?[] bars = AddBars(config, registers);
            AddRom(registers[AssignedRegion.Rom]);
            _capabilities = new CapabilityLayout(Function, device, config, bars, log);
            _capabilities.Lay();
            foreach (PciBar bar in Function.Bars)
            {
                IEnumerable<(ulong, ulong)> structures =
                    _capabilities.MsixStructures.Where(place => place.Bar == bar.Index).Select(place => (place.Offset, place.Length));
                _bars.Add(new AssignedBar(bar, device.Regions[bar.Index], registers[bar.Index], [.. structures]));
            }

            if (_capabilities.MessageTable is { } table)
            {
                _msix = new MessageRoutes(device, AssignedInterrupt.Msix, table, dma, _relay);
                table.VectorUnmasked += OnVectorUnmasked;
                Function.Observe(table.Offset, 4, this);
            }

            if (_capabilities.Messages is { } messages)
            {
                _msi = new MessageRoutes(device, AssignedInterrupt.Msi, messages, dma, _relay);
                Function.Observe(messages.Offset, 4, this);
            }

            _isUnmasked = vector => _capabilities.MessageTable is { } messageTable && !messageTable.IsMasked(vector);
            _memory = new DmaFollower(name, memory, device, log);
            if (!_memory.IsComplete)
            {
                _memory.Dispose();
                throw new AssignedDeviceException($"{device.Name}: {device.MapRefusal ?? "it can't reach all of the guest's memory"}");
            }
        }
        catch
        {
            _relay.Dispose();
            throw;
        }

        Function.Observe(Command, CommandLength, this);
        if (_capabilities.Power is { } power)
        {
            Function.Observe(power.Offset + 4, 2, this);
        }

        Function.Reset += Reset;
        Update();
        if (device.Traps is { } traps)
        {
            traps.Trapper = this;
        }
    }

    /// <summary>What the guest sees.</summary>
    public PciFunction Function { get; }

    /// <summary>Whether interrupts went from the device to the engine, uncounted here.</summary>
    internal bool HasDirectInterrupts => _msix is { HasDirect: true } || _msi is { HasDirect: true } || _pin is { HasDirect: true };

    /// <summary>How many interrupts were passed on, and counted, here.</summary>
    internal long RelayedInterrupts => _relay.Passed;

    void IConfigWriteObserver.OnConfigWritten(int offset, int size) => Update();

    void IDoorbellTrapper.SetArmed(bool armed)
    {
        foreach (AssignedBar bar in _bars)
        {
            bar.SetArmed(armed);
        }

        if (armed)
        {
            _synchronize();
        }
    }

    /// <summary>Takes interrupts, memory and bus mastering from the device. The function is off its bus already, and no processor has its BARs any more.</summary>
    public void Dispose()
    {
        if (_device.Traps is { } traps)
        {
            traps.Trapper = null;
        }

        Function.Reset -= Reset;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _bars.ForEach(bar => bar.Close());
            SwitchInterruptsOff();
            _ = _device.TryWrite(AssignedRegion.Config, Command, [0, 0]);
        }

        _msix?.Dispose();
        _msi?.Dispose();
        _pin?.Dispose();
        _relay.Dispose();
        _memory.Dispose();
    }

    private static PciIdentity IdentityOf(DeviceConfig config) => new(
        config.Word(0x00), config.Word(0x02), config.Byte(0x08), config.DWord(0x08) >> 8, config.Word(0x2C), config.Word(0x2E));

    private PciBar?[] AddBars(DeviceConfig config, RegionAccess[] registers)
    {
        PciBar?[] bars = new PciBar?[6];
        for (int index = 0; index < 6; index++)
        {
            AssignedRegion region = _device.Regions[index];
            if (region.Size == 0)
            {
                continue;
            }

            PciBarKind kind = KindOf(config.DWord(0x10 + (index * 4)));
            ulong largest = kind switch
            {
                PciBarKind.Io => 256,
                PciBarKind.Memory32 or PciBarKind.Memory32Prefetchable => 1UL << 31,
                _ => 1UL << 40,
            };
            bool wide = kind is PciBarKind.Memory64 or PciBarKind.Memory64Prefetchable;
            if (region.Size > largest || (wide && (index == 5 || _device.Regions[index + 1].Size != 0)))
            {
                throw new AssignedDeviceException($"{_device.Name}: BAR {index} of {region.Size} bytes can't be{(kind == PciBarKind.Io ? ": it is for ports, of which one has 256 at most" : "")}");
            }

            // A region may be of any size, a BAR only of a power of two; nothing answers behind the region.
            ulong size = BitOperations.RoundUpToPowerOf2(Math.Max(region.Size, kind == PciBarKind.Io ? 4u : 16u));
            bars[index] = Function.AddBar(index, kind, size);
            _ = bars[index]!.Map(0, region.Size, registers[index]);
        }

        return bars;
    }

    private void AddRom(RegionAccess registers)
    {
        const ulong Smallest = 2048;
        const ulong Largest = 16 << 20;
        ulong size = _device.Regions[AssignedRegion.Rom].Size;
        if (size == 0)
        {
            return;
        }

        if (!BitOperations.IsPow2(size) || size is < Smallest or > Largest)
        {
            throw new AssignedDeviceException($"{_device.Name}: a ROM of {size} bytes can't be");
        }

        _ = Function.AddRom(size).Map(0, size, registers);
    }

    private static PciBarKind KindOf(uint register)
    {
        const uint Io = 1;
        const uint Wide = 4;
        const uint Prefetchable = 8;
        if ((register & Io) != 0)
        {
            return PciBarKind.Io;
        }

        bool prefetchable = (register & Prefetchable) != 0;
        return (register & 6) == Wide
            ? prefetchable ? PciBarKind.Memory64Prefetchable : PciBarKind.Memory64
            : prefetchable ? PciBarKind.Memory32Prefetchable : PciBarKind.Memory32;
    }

    private void OnVectorUnmasked(int vector)
    {
        if (_msix?.TryConnect(vector) == false)
        {
            _log.Warn(Function.Name, $"{_device.Name} refused interrupt vector {vector}");
        }
    }

    /// <summary>Brings the device to what the guest's registers now say.</summary>
    private void Update()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            UpdateInterrupts();
            UpdateCommand();
            bool pinInUse = _pin is not null && !Function.UsesMessages && !IsPinDisabled;
            foreach (AssignedBar bar in _bars)
            {
                bar.SetMapped(!pinInUse || _pin!.IsDirect);
            }
        }
    }

    private bool IsPinDisabled => (Function.GetConfig(Command, 2) & CommandPinDisable) != 0;

    private void UpdateInterrupts()
    {
        bool table = _capabilities.MessageTable is { Enabled: true };
        bool messages = !table && _capabilities.Messages is { Enabled: true };
        if (!table)
        {
            _msix?.SwitchOff();
        }

        if (!messages)
        {
            _msi?.SwitchOff();
        }

        _pin?.Switch(!table && !messages && !IsPinDisabled);
        bool done = true;
        if (table)
        {
            done = _msix!.TrySwitchOn(_isUnmasked);
        }
        else if (messages)
        {
            int count = _capabilities.Messages!.EnabledCount;
            done = _msi!.TrySwitchOn(vector => vector < count);
        }

        if (!done)
        {
            _log.Warn(Function.Name, $"{_device.Name} refused interrupt vectors");
        }
    }

    // Decode is always on at the device, where the guest's BARs aren't.
    private void UpdateCommand()
    {
        const uint StateMask = 3;
        bool powered = _capabilities.Power is not { } power || (Function.GetConfig(power.Offset + 4, 2) & StateMask) == 0;
        uint passed = powered ? CommandBusMaster | CommandPinDisable : CommandPinDisable;
        uint command = CommandIo | CommandMemory | (Function.GetConfig(Command, 2) & passed);
        if (command != _deviceCommand)
        {
            _deviceCommand = command;
            _ = _device.TryWrite(AssignedRegion.Config, Command, [(byte)command, (byte)(command >> 8)]);
        }
    }

    private void SwitchInterruptsOff()
    {
        _msix?.SwitchOff();
        _msi?.SwitchOff();
        _pin?.Switch(false);
    }

    private void Reset()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            SwitchInterruptsOff();
            _deviceCommand = null;
            if (_device.CanReset && !_device.TryReset())
            {
                _log.Warn(Function.Name, $"{_device.Name} could not be reset");
            }
        }

        Update();
    }
}
