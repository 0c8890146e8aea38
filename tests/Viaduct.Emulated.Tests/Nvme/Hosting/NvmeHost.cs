using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>
/// Plays the driver: of a controller whose work the test does itself (<see cref="Pump"/>), so that nothing depends on
/// time, or (<see cref="Threaded"/>) of the whole PCI function with its thread.
/// </summary>
internal sealed class NvmeHost : IDisposable
{
    public const ulong Page = 4096;
    public const ulong RamLength = 64 << 20;

    private readonly HostMemory _ram = new("test", RamLength);
    private readonly IAccessHandler _registers;
    private readonly IAccessHandler _doorbells;
    private readonly ulong _doorbellBase;
    private ulong _free = 1 << 20;
    private ushort _nextId = 100;
    private bool _messages = true;

    public NvmeHost(params MemoryDisk[] disks)
        : this(512, disks)
    {
    }

    public NvmeHost(int blockSize, params MemoryDisk[] disks)
        : this(blockSize, threaded: false, disks)
    {
    }

    /// <summary>The driver of one controller of a subsystem, with memory of its own.</summary>
    public NvmeHost(NvmeSubsystem subsystem, int controller)
    {
        Disks = [];
        AddressSpace space = new("memory");
        space.MapMemory("ram", 0, _ram, 0, RamLength);
        Memory = new GuestMemory(space);
        Dma = new DmaTarget(Memory, Messages, Counters) { Granted = true };
        Time = (ManualTime)subsystem.Options.Time;
        Controller = new NvmeController(subsystem, subsystem.Seat(controller), $"c{controller}", Dma, new InterruptPort(Vectors, null, () => true), Counters, Log, ownThread: false);
        _registers = Controller.Registers;
        _doorbells = Controller.Doorbells;
    }

    private NvmeHost(int blockSize, bool threaded, IBlockBackend[] disks, Func<HostMemory, IRemoteMemory>? remote = null)
    {
        disks = disks.Length == 0 ? [new MemoryDisk(8 << 20)] : disks;
        Disks = [.. disks.OfType<MemoryDisk>()];
        AddressSpace space = new("memory");
        if (remote is null)
        {
            space.MapMemory("ram", 0, _ram, 0, RamLength);
        }
        else
        {
            space.MapRemote("ram", 0, RamLength, remote(_ram));
        }

        Memory = new GuestMemory(space);
        Dma = new DmaTarget(Memory, Messages, Counters) { Granted = true };
        NvmeOptions options = new() { Id = "disk0", Disks = disks, BlockSize = blockSize, Time = Time };
        if (threaded)
        {
            Device = NvmeDevice.Create(options, Dma, Counters, Log);
            Controller = null!;
            _registers = _doorbells = Device.Function.Bars[0];
            _doorbellBase = 0x1000;
        }
        else
        {
            NvmeSubsystem subsystem = new(options.ToSubsystem());
            Controller = new NvmeController(subsystem, subsystem.Seat(0), options.Id, Dma, new InterruptPort(Vectors, Pin, () => _messages), Counters, Log, ownThread: false);
            _registers = Controller.Registers;
            _doorbells = Controller.Doorbells;
        }
    }

    /// <summary>Those of its disks that are in memory.</summary>
    public MemoryDisk[] Disks { get; }

    public MemoryDisk Disk => Disks[0];

    public GuestMemory Memory { get; }

    public DmaTarget Dma { get; }

    public DeviceCounters Counters { get; } = new("disk0", Road.Emulated);

    public RecordingVectors Vectors { get; } = new(16);

    public RecordingLine Pin { get; } = new();

    public ListLog Log { get; } = new();

    public ManualTime Time { get; } = new();

    /// <summary>The drivers of the subsystem's other controllers, whose work is done with this one's.</summary>
    public List<NvmeHost> Neighbours { get; } = [];

    public RecordingMessages Messages { get; } = new();

    public NvmeController Controller { get; }

    public NvmeDevice? Device { get; }

    public HostRing Admin { get; private set; } = null!;

    public uint Status => (uint)Read(NvmeRegister.Status, 4);

    /// <summary>A host whose admin queue works and that has one pair of I/O queues.</summary>
    public static NvmeHost Ready(out HostRing io, params MemoryDisk[] disks)
    {
        NvmeHost host = new(disks);
        host.Enable();
        io = host.CreateQueues(1);
        return host;
    }

    /// <summary>A host as <see cref="Ready"/>, all of whose memory has to be asked for.</summary>
    public static NvmeHost Remote(out HostRing io, Func<HostMemory, IRemoteMemory> memory)
    {
        NvmeHost host = new(512, threaded: false, [], memory);
        host.Enable();
        io = host.CreateQueues(1);
        return host;
    }

    /// <summary>A host of the PCI function, bus mastering on and MSI-X off.</summary>
    public static NvmeHost Threaded(params IBlockBackend[] disks)
    {
        NvmeHost host = new(512, threaded: true, disks);
        host.Device!.Function.WriteConfig(4, 2, 6);
        return host;
    }

    public void UsePin() => _messages = false;

    public ulong Read(int offset, int size)
    {
        Assert.Equal(AccessStatus.Done, _registers.Read((ulong)offset, size, out ulong value));
        return value;
    }

    public void Write(int offset, ulong value, int size = 4) =>
        Assert.Equal(AccessStatus.Done, _registers.Write((ulong)offset, size, value));

    public void RingTail(int queue, uint value) => _doorbells.Write(_doorbellBase + ((ulong)queue * 8), 4, value);

    public void RingHead(int queue, uint value) => _doorbells.Write(_doorbellBase + ((ulong)queue * 8) + 4, 4, value);

    /// <summary>Does the controller's work until there is none. Fails the test when it never ends.</summary>
    public void Pump()
    {
        int turns = 0;
        bool worked = true;
        while (worked)
        {
            worked = Controller.DoWork();
            foreach (NvmeHost each in Neighbours)
            {
                worked |= each.Controller.DoWork();
            }

            Assert.True(++turns < 100_000, "The controller never comes to rest");
        }
    }

    /// <summary>Does the controller's work, or waits for its thread to do it. Fails the test when that takes for ever.</summary>
    public void Settle(Func<bool> done)
    {
        if (Device is null)
        {
            Pump();
        }
        else
        {
            Assert.True(SpinWait.SpinUntil(done, TimeSpan.FromSeconds(30)), "The controller's thread doesn't do its work");
        }
    }

    public ulong Allocate(ulong bytes, ulong alignment = Page)
    {
        ulong start = (_free + alignment - 1) & ~(alignment - 1);
        _free = start + bytes;
        Assert.True(_free <= RamLength);
        return start;
    }

    public void Put(ulong address, ReadOnlySpan<byte> bytes) => Assert.True(Memory.TryWrite(address, bytes));

    public void Put(ulong address, ulong value) => Assert.True(Memory.TryWrite(address, value));

    public byte[] Get(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(Memory.TryRead(address, bytes));
        return bytes;
    }

    public uint GetDword(ulong address)
    {
        Assert.True(Memory.TryRead(address, out uint value));
        return value;
    }

    /// <summary>Sets the admin queue up and CC.EN, as a driver does.</summary>
    public void Enable(int entries = 32, int pageShift = 12)
    {
        ulong align = 1UL << pageShift;
        Admin = new HostRing { Id = 0, Submission = Allocate((ulong)entries * 64, align), Completion = Allocate((ulong)entries * 16, align), Entries = entries, CompletionEntries = entries };
        Put(Admin.Completion, new byte[entries * 16]);
        Write(NvmeRegister.AdminQueueAttributes, (uint)((entries - 1) | ((entries - 1) << 16)));
        Write(NvmeRegister.AdminSubmissionQueue, Admin.Submission, 8);
        Write(NvmeRegister.AdminCompletionQueue, (uint)Admin.Completion);
        Write(NvmeRegister.AdminCompletionQueue + 4, Admin.Completion >> 32);
        Write(NvmeRegister.Configuration, Enabled(pageShift));
        Settle(() => Status != 0);
        Assert.Equal(1u, Status);
    }

    public static uint Enabled(int pageShift = 12) => 1u | ((uint)(pageShift - 12) << 7) | (6u << 16) | (4u << 20);

    public void Disable()
    {
        Write(NvmeRegister.Configuration, 0);
        Settle(() => Status == 0);
        Assert.Equal(0u, Status);
    }

    public HostRing CreateQueues(int id, int entries = 64, int vector = 1, bool interrupts = true, int? completionEntries = null)
    {
        int answers = completionEntries ?? entries;
        HostRing ring = new() { Id = id, Submission = Allocate((ulong)entries * 64), Completion = Allocate((ulong)answers * 16), Entries = entries, CompletionEntries = answers };
        Put(ring.Completion, new byte[answers * 16]);
        Success(CreateCompletion(id, ring.Completion, answers, vector, interrupts));
        Success(CreateSubmission(id, ring.Submission, entries, id));
        return ring;
    }

    public Completion CreateCompletion(int id, ulong address, int entries, int vector = 1, bool interrupts = true, uint contiguous = 1)
    {
        Command command = new(AdminOpcode.CreateCompletionQueue) { Data1 = address };
        command[10] = (uint)id | ((uint)(entries - 1) << 16);
        command[11] = contiguous | (interrupts ? 2u : 0) | ((uint)vector << 16);
        return Execute(Admin, command);
    }

    public Completion CreateSubmission(int id, ulong address, int entries, int completion, uint contiguous = 1)
    {
        Command command = new(AdminOpcode.CreateSubmissionQueue) { Data1 = address };
        command[10] = (uint)id | ((uint)(entries - 1) << 16);
        command[11] = contiguous | ((uint)completion << 16);
        return Execute(Admin, command);
    }

    public Completion Delete(AdminOpcode opcode, int id)
    {
        Command command = new(opcode);
        command[10] = (uint)id;
        return Execute(Admin, command);
    }

    /// <summary>Puts a command into a queue, without ringing.</summary>
    public ushort Enqueue(HostRing ring, Command command)
    {
        command.Id = _nextId++;
        Put(ring.Submission + ((ulong)ring.Tail * 64), command.Bytes);
        ring.Tail = (ring.Tail + 1) % ring.Entries;
        return command.Id;
    }

    public ushort Submit(HostRing ring, Command command)
    {
        ushort id = Enqueue(ring, command);
        RingTail(ring.Id, (uint)ring.Tail);
        return id;
    }

    /// <summary>The next completion, if there is one; consumed in memory, and with <paramref name="ring"/>'s doorbell.</summary>
    public bool TryTake(HostRing ring, out Completion completion, bool acknowledge = true)
    {
        ulong address = ring.Completion + ((ulong)ring.Head * 16);
        uint last = GetDword(address + 12);
        bool there = ((last >> 16) & 1) != 0 == ring.Phase;
        uint queues = GetDword(address + 8);
        completion = new Completion(GetDword(address), (int)(queues & 0xFFFF), (int)(queues >> 16), (ushort)last, (NvmeStatus)(last >> 17));
        if (there)
        {
            ring.Head++;
            if (ring.Head == ring.CompletionEntries)
            {
                ring.Head = 0;
                ring.Phase = !ring.Phase;
            }

            if (acknowledge)
            {
                RingHead(ring.Id, (uint)ring.Head);
            }
        }

        return there;
    }

    public bool IsThere(HostRing ring) => ((GetDword(ring.Completion + ((ulong)ring.Head * 16) + 12) >> 16) & 1) != 0 == ring.Phase;

    public Completion Take(HostRing ring)
    {
        Assert.True(TryTake(ring, out Completion completion), "No completion");
        return completion;
    }

    /// <summary>Submits a command and returns its completion, which must be the only one.</summary>
    public Completion Execute(HostRing ring, Command command)
    {
        ushort id = Submit(ring, command);
        Settle(() => IsThere(ring));
        Completion completion = Take(ring);
        Assert.Equal(id, completion.Id);
        Assert.Equal(ring.Id, completion.Queue);
        Assert.False(TryTake(ring, out _), "More than one completion");
        return completion;
    }

    public uint Success(Completion completion)
    {
        Assert.Equal(NvmeStatus.Success, completion.Status);
        Assert.Empty(Log.Lines);
        return completion.Result;
    }

    public void Fails(NvmeStatus expected, HostRing ring, Command command) => Assert.Equal(expected, Execute(ring, command).Status);

    public byte[] Identify(uint structure, uint nsid = 0)
    {
        ulong buffer = Allocate(Page);
        Command command = new(AdminOpcode.Identify, nsid) { Data1 = buffer };
        command[10] = structure;
        Success(Execute(Admin, command));
        return Get(buffer, 4096);
    }

    public byte[] GetLog(byte log, int bytes, ulong offset = 0, bool retain = false)
    {
        ulong buffer = Allocate((ulong)bytes);
        Success(Execute(Admin, LogCommand(log, bytes, buffer, offset, retain)));
        return Get(buffer, bytes);
    }

    public static Command LogCommand(byte log, int bytes, ulong buffer, ulong offset = 0, bool retain = false, uint nsid = 0xFFFF_FFFF)
    {
        Command command = new(AdminOpcode.GetLogPage, nsid) { Data1 = buffer };
        command[10] = log | (retain ? 1u << 15 : 0) | ((uint)((bytes / 4) - 1) << 16);
        command[12] = (uint)offset;
        command[13] = (uint)(offset >> 32);
        return command;
    }

    public static Command Feature(AdminOpcode opcode, byte feature, uint value = 0, ulong buffer = 0, uint extra = 0)
    {
        Command command = new(opcode) { Data1 = buffer };
        command[10] = feature | extra;
        command[11] = value;
        return command;
    }

    public void Dispose()
    {
        Controller?.Dispose();
        Device?.Dispose();
        _ram.Dispose();
    }
}
