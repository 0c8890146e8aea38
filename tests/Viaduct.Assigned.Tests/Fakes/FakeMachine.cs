using Viaduct.Assigned;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>RAM in two pieces and a root complex with a port, to which a device is assigned.</summary>
internal sealed class FakeMachine : IMsiSink, IDisposable
{
    internal const ulong LowRam = 0x10_0000;
    internal const ulong HighRam = 0x1_0000_0000;
    internal const ulong Bar0 = 0xC000_0000;
    internal const ulong Bar2 = 0x10_0000_0000;
    private const int Command = 4;

    private readonly BlockingQueue _messages = new();

    internal FakeMachine(IInterruptEvents? events = null)
    {
        Root = new PciRoot(new PciRootOptions
        {
            Memory = Memory,
            Ports = Ports,
            Lines = Lines,
            DmaMemory = new GuestMemory(Memory),
            Msi = this,
            InterruptEvents = events,
            FirstLine = 16,
            Counters = new DeviceCounters("board", Road.Board),
            LastBus = 3,
        });
        Memory.MapMemory("low", 0, Ram, 0, LowRam);
        Memory.MapMemory("high", HighRam, Ram, LowRam, LowRam);
        Port = Root.AddRootPort(1, hotPlug: true);
    }

    internal AddressSpace Memory { get; } = new("memory");

    internal AddressSpace Ports { get; } = new("ports");

    internal HostMemory Ram { get; } = new("ram", 2 * LowRam);

    internal FakeLine[] Lines { get; } = [new(), new(), new(), new()];

    internal PciRoot Root { get; }

    internal RootPort Port { get; }

    internal DeviceCounters Counters { get; } = new("device", Road.Assigned);

    internal StringWriter Log { get; } = new();

    internal int Synchronizations { get; private set; }

    /// <summary>Puts a device into the port, with BARs placed and decode and bus mastering on.</summary>
    internal AssignedFunction Assign(IAssignedDevice device)
    {
        AssignedFunction assigned = New(device);
        Port.Add(assigned.Function);
        PciFunction bridge = Port.Function;
        bridge.WriteConfig(0x18, 4, 0x0001_0100);
        bridge.WriteConfig(0x20, 4, 0xC000_C000);
        bridge.WriteConfig(0x24, 4, 0x0001_0001);
        bridge.WriteConfig(0x28, 4, 0x10);
        bridge.WriteConfig(0x2C, 4, 0x10);
        bridge.WriteConfig(Command, 2, 7);
        assigned.Function.WriteConfig(0x10, 4, (uint)Bar0);
        assigned.Function.WriteConfig(0x14, 4, 0);
        assigned.Function.WriteConfig(0x18, 4, 0);
        assigned.Function.WriteConfig(0x1C, 4, 0x10);
        assigned.Function.WriteConfig(Command, 2, 6);
        return assigned;
    }

    internal AssignedFunction New(IAssignedDevice device) =>
        new("device", device, Root.NewDmaTarget(Counters), Counters, Memory, () => Synchronizations++, new EventLog(Log));

    internal ulong Read(ulong address, int size = 4)
    {
        Memory.Read(address, size, out ulong value);
        return value;
    }

    /// <summary>The next message that arrives, from whatever thread.</summary>
    internal (ulong Address, uint Data) NextMessage() => _messages.Take();

    internal int WaitingMessages => _messages.Count;

    public void Signal(ushort requesterId, ulong address, uint data) => _messages.Add((address, data));

    public void Dispose()
    {
        Ram.Dispose();
        Log.Dispose();
    }

    private sealed class BlockingQueue
    {
        private readonly System.Collections.Concurrent.BlockingCollection<(ulong, uint)> _queue = [];

        internal int Count => _queue.Count;

        internal void Add((ulong, uint) message) => _queue.Add(message);

        internal (ulong, uint) Take() =>
            _queue.TryTake(out (ulong, uint) message, TimeSpan.FromSeconds(30)) ? message : throw new TimeoutException("no message came");
    }
}
