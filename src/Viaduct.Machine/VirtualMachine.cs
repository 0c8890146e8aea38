using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Backends.Block;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Power;
using Viaduct.Emulated.Serial;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Networks;
using Viaduct.Machine.Specification;
using Viaduct.Machine.State;
using Viaduct.Paravirtual;
using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Console;
using Viaduct.Paravirtual.Entropy;
using Viaduct.Paravirtual.Network;
using Viaduct.Paravirtual.Transports.Pci;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Viaduct.Platform.State;

namespace Viaduct.Machine;

/// <summary>
/// A machine: memory, a root complex with a port a device, the board's own parts and an engine, wired together and
/// ready to run once. A reset ends it, and whoever runs it makes another from the same specification.
/// </summary>
public sealed class VirtualMachine : IDisposable
{
    /// <summary>Slots for devices: the root bus has 31 places beside the host bridge.</summary>
    public const int MaxDevices = 31;

    private const ushort SerialPort = 0x3F8;
    private const int SerialInterrupt = 4;

    private readonly MachineSpec _spec;
    private readonly IEventLog _log;
    private readonly AddressSpace _memory = new("memory");
    private readonly AddressSpace _ports = new("ports");
    private readonly DeviceCounters _board = new("board", Road.Board);
    private readonly List<MachineDevice> _devices = [];
    private readonly Stack<IDisposable> _owned = new();
    private readonly TaskCompletionSource<MachineExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Thread> _threads = [];
    private readonly IReadOnlyList<ISavable> _parts;
    private readonly Lock _saving = new();
    private readonly PciRoot _root;
    private readonly Uart16550 _serial;
    private readonly PanicWatch _panic;
    private readonly ulong _lowRam;
    private bool _disposed;

    /// <summary>Builds the machine and loads its kernel; nothing runs yet.</summary>
    /// <param name="spec">What to build.</param>
    /// <param name="console">Where the console's output goes: that of the first serial port, or of the virtio console.</param>
    /// <param name="log">Where devices report trouble.</param>
    /// <param name="state">The file that <see cref="TrySave"/> wrote of a machine of the same specification, to go on from there instead of loading the kernel; null to boot.</param>
    /// <exception cref="StateException">The state can't be read, or isn't one of such a machine.</exception>
    /// <exception cref="KernelImageException">The kernel or the initial RAM disk can't be booted.</exception>
    /// <exception cref="BlockOpenException">A disk can't be opened.</exception>
    /// <exception cref="NetworkOpenException">A network can't be had.</exception>
    /// <exception cref="AssignedDeviceException">A device can't be had.</exception>
    /// <exception cref="HostException">The host has no room for it, or its KVM can't run it.</exception>
    public VirtualMachine(MachineSpec spec, ISerialSink console, IEventLog log, string? state = null)
    {
        HostDevices host = Own(new HostDevices(spec, log));
        _spec = spec = host.Spec;
        _log = log;
        _lowRam = Math.Min(spec.Memory, MemoryLayout.LowRamLimit);
        try
        {
            EngineSelection engine = EngineSelection.Of(spec.Engine);
            Ram = AddMemory(engine);
            Engine = Own(engine.Create(spec, _memory, _ports));
            GuestMemory guestMemory = new(_memory);
            _root = new PciRoot(new PciRootOptions
            {
                Memory = _memory,
                Ports = _ports,
                Lines = [.. Enumerable.Range(BoardFirmware.FirstPciInterrupt, 4).Select(Engine.Line)],
                DmaMemory = guestMemory,
                FirstLine = BoardFirmware.FirstPciInterrupt,
                Msi = Engine.Msi,
                InterruptEvents = Engine.InterruptEvents,
                Synchronize = Engine.Synchronize,
                Counters = _board,
            });
            _root.MapEcam(MemoryLayout.EcamStart);
            PowerRequests power = new(this);
            IReadOnlyList<ISavable> board = BoardParts.Map(_ports, _root, Engine, power);
            if (spec.TestBoard)
            {
                TestBoardParts.Map(_memory, _ports, Engine, power.Ended);
            }

            _panic = new PanicWatch(console, power.Panicked);
            ISerialSink serial = spec.Console == ConsoleChoice.Serial ? _panic : new PanicWatch(new SilentSink(), power.Panicked);
            _serial = Own(new Uart16550(Engine.Line(SerialInterrupt), serial, _board));
            _ports.Map("serial port 1", SerialPort, Uart16550.PortCount, _serial, MappingPriority.Board, _board);
            AddDisks();
            AddNetworks();
            AddAssigned();
            Console = new MachineConsole(_serial, AddConsole());
            AddRng();
            PciWindows windows = BoardFirmware.Windows(spec.Memory);
            if (!PciFirmware.Assign(_root, windows))
            {
                log.Warn("firmware", "not every BAR found room; the guest's kernel has to place the rest");
            }

            // Interrupt controllers come last.
            _parts = [_root, .. board, _serial, .. Engine.State is { } controllers ? [controllers] : Array.Empty<ISavable>()];
            if (state is not null)
            {
                if (SavingProblem is { } problem)
                {
                    throw new StateException(problem);
                }

                MachineStateFile.Restore(state, spec, _parts, Ram);
                return;
            }

            (ulong rsdp, IReadOnlyList<MemoryRange> map) = BoardFirmware.Write(guestMemory, spec, _root, windows);
            BootRequest boot = new()
            {
                KernelPath = spec.Kernel,
                InitrdPath = spec.Initrd,
                CacheFolder = spec.KernelCacheFolder,
                CommandLine = spec.CommandLine,
                MemoryMap = map,
                Rsdp = rsdp,
            };
            Engine.Cpus[0].Boot(KernelLoader.Load(boot, new BootMemory(guestMemory, _lowRam)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What runs the guest.</summary>
    public IEngine Engine { get; }

    /// <summary>The guest's RAM.</summary>
    public HostMemory Ram { get; }

    /// <summary>The devices in their slots.</summary>
    public IReadOnlyList<MachineDevice> Devices => _devices;

    /// <summary>The console, for input and its size.</summary>
    public MachineConsole Console { get; }

    /// <summary>The first serial port, for input.</summary>
    public Uart16550 Serial => _serial;

    /// <summary>Instructions finished on all processors, where the engine counts them.</summary>
    public long Instructions => Engine.Cpus.Sum(cpu => cpu.Instructions);

    /// <summary>Why the machine can't be saved; null where it can.</summary>
    public string? SavingProblem =>
        _devices.Count != 0 ? $"a machine with devices ({string.Join(", ", _devices.Select(device => device.Id))}) can't be saved in this version"
        : _spec.TestBoard ? "a test board can't be saved"
        : Engine.State is null ? $"a machine on the {Engine.Name} engine can't be saved in this version"
        : null;

    /// <summary>Completes when the machine has come to its end.</summary>
    public Task<MachineExit> Exited => _exit.Task;

    /// <summary>Starts the processors, each on a thread of its own.</summary>
    public void Start()
    {
        StartProcessors();

        // The kernel's unpacked image was garbage of many megabytes; while the guest runs there is time to give it back.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    /// <summary>
    /// Stops the processors wherever they are, between two instructions, writes the machine's state, and ends it. From a
    /// thread of its owner's.
    /// </summary>
    /// <param name="path">The file that the state goes to.</param>
    /// <returns>False where the machine had come to its end before.</returns>
    /// <exception cref="InvalidOperationException">There is a <see cref="SavingProblem"/>.</exception>
    /// <exception cref="IOException">The state can't be written; the machine goes on.</exception>
    public bool TrySave(string path)
    {
        if (SavingProblem is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        lock (_saving)
        {
            if (_disposed)
            {
                return false;
            }

            StopProcessors();
            if (_exit.Task.IsCompleted)
            {
                return false;
            }

            try
            {
                MachineStateFile.Save(path, _spec, _parts, Ram);
            }
            catch (IOException)
            {
                StartProcessors();
                throw;
            }

            End(new MachineExit(MachineExitReason.Saved, "saved"));
            return true;
        }
    }

    /// <summary>Tries to get a lost device back, without waiting for a sign of it; returns at once.</summary>
    /// <param name="id">An assigned device's id.</param>
    /// <returns>False where no assigned device has the id.</returns>
    public bool Reattach(string id)
    {
        MachineDevice? device = _devices.Find(each => each.Id == id);
        device?.Slot?.Reattach();
        return device?.Slot is not null;
    }

    /// <summary>Ends the machine as pulling its plug would. Any thread.</summary>
    public void Stop() => End(new MachineExit(MachineExitReason.Stopped, "stopped"));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        Stop();
        lock (_saving)
        {
            _disposed = true;
            JoinProcessors();
            while (_owned.TryPop(out IDisposable? owned))
            {
                owned.Dispose();
            }
        }
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Push(part);
        return part;
    }

    // Servers of assigned devices map RAM; where there are none, it can be memory that costs KVM fewer faults.
    private HostMemory AddMemory(EngineSelection engine)
    {
        bool isPrivate = engine.Engine == EngineChoice.Kvm && _spec.Assigned.Count == 0;
        HostMemory ram = Own(isPrivate ? HostMemory.Private("guest-ram", _spec.Memory) : new HostMemory("guest-ram", _spec.Memory));
        _memory.MapMemory("RAM below 4 GiB", 0, ram, 0, _lowRam);
        if (_spec.Memory > _lowRam)
        {
            _memory.MapMemory("RAM above 4 GiB", MemoryLayout.HighRamStart, ram, _lowRam, _spec.Memory - _lowRam);
        }

        return ram;
    }

    private void AddDisks()
    {
        int slot = 1;
        foreach (DiskSpec disk in _spec.Disks)
        {
            IBlockBackend backend = Own(RawBlockBackend.Open(new RawBlockOptions
            {
                Path = disk.Path,
                ReadOnly = disk.ReadOnly,
                Direct = disk.Direct,
            }));
            DeviceCounters counters = new(disk.Id, disk.Road);
            DmaTarget dma = _root.NewDmaTarget(counters);
            (string kind, PciFunction function) = disk.Road == Road.Emulated
                ? ("nvme", AddNvme(disk, backend, dma, counters))
                : ("virtio-blk", AddVirtioBlock(disk, backend, dma, counters));
            _root.AddRootPort(slot).Add(function, 0);
            _devices.Add(new MachineDevice(disk.Id, kind, function, counters));
            slot++;
        }
    }

    private PciFunction AddNvme(DiskSpec disk, IBlockBackend backend, DmaTarget dma, DeviceCounters counters)
    {
        if (disk.VirtualFunctions == 0)
        {
            return Own(NvmeDevice.Create(new NvmeOptions { Id = disk.Id, Disks = [backend] }, dma, counters, _log)).Function;
        }

        int controllers = disk.VirtualFunctions + 1;
        if (!disk.Shared && backend.Length < (ulong)controllers << 20)
        {
            throw new BlockOpenException(disk.Path, $"divided among {controllers} functions (vfs={disk.VirtualFunctions}) it leaves less than 1 MiB for each");
        }

        NvmeSubsystem subsystem = new(new NvmeSubsystemOptions
        {
            Id = disk.Id,
            Namespaces = disk.Shared ? [NvmeNamespaceOptions.Share(backend, controllers)] : NvmeNamespaceOptions.Divide(backend, controllers),
            VirtualFunctions = disk.VirtualFunctions,
        });
        return Own(NvmeDevice.Create(subsystem, dma, counters, _log)).Function;
    }

    private PciFunction AddVirtioBlock(DiskSpec disk, IBlockBackend backend, DmaTarget dma, DeviceCounters counters)
    {
        BlockOptions options = new() { Name = disk.Id, Serial = disk.Id, Queues = _spec.Cpus };
        return Own(new VirtioPciDevice(new BlockDevice(options, backend, counters), dma, counters, _log)).Function;
    }

    private void AddNetworks()
    {
        foreach (NetworkSpec spec in _spec.Networks)
        {
            SoftwareOffloads network = Own(NetworkOpening.Open(spec, _log));
            DeviceCounters counters = new(spec.Id, spec.Road);
            NetworkOptions options = new()
            {
                Name = spec.Id,
                Mac = NetworkOpening.AddressOf(spec, _spec),
                QueuePairs = spec.Queues,
                Mtu = spec.Mtu,
            };
            AddVirtio("virtio-net", new NetworkDevice(options, network, counters), counters);
        }
    }

    private void AddAssigned()
    {
        foreach (AssignedSpec spec in _spec.Assigned)
        {
            AssignedSlot slot = Own(new AssignedSlot(new AssignedSlotOptions
            {
                Id = spec.Id,
                Source = spec.Source ?? new VfioUserSource(spec.Socket!, $"guest '{_spec.Name}'"),
                Root = _root,
                Port = _root.AddRootPort(_devices.Count + 1, hotPlug: true),
                Memory = _memory,
                Engine = Engine,
                Log = _log,
            }));
            PciFunction function = slot.Function!;
            _devices.Add(new MachineDevice(spec.Id, KindOf(function.Identity), function, slot.Counters) { Slot = slot });
        }
    }

    private static string KindOf(PciIdentity identity)
    {
        const uint Nvme = 0x01_08_02;
        return identity.ClassCode == Nvme ? "nvme" : $"{identity.VendorId:x4}:{identity.DeviceId:x4}";
    }

    private ConsoleDevice? AddConsole()
    {
        if (_spec.Console != ConsoleChoice.Virtio)
        {
            return null;
        }

        DeviceCounters counters = new("console", Road.Paravirtual);
        ConsoleDevice console = new(new ConsoleOptions { Name = "console", Output = new SinkStream(_panic) }, counters);
        AddVirtio("virtio-console", console, counters);
        return console;
    }

    private void AddRng()
    {
        if (_spec.Rng)
        {
            DeviceCounters counters = new("rng", Road.Paravirtual);
            AddVirtio("virtio-rng", new EntropyDevice("rng", counters), counters);
        }
    }

    private void AddVirtio(string kind, IVirtioDevice device, DeviceCounters counters)
    {
        PciFunction function = Own(new VirtioPciDevice(device, _root.NewDmaTarget(counters), counters, _log)).Function;
        _root.AddRootPort(_devices.Count + 1).Add(function, 0);
        _devices.Add(new MachineDevice(device.Name, kind, function, counters));
    }

    private void StartProcessors()
    {
        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            Thread thread = new(() => RunCpu(cpu)) { Name = $"vcpu-{cpu.ApicId}", IsBackground = true };
            _threads.Add(thread);
            thread.UnsafeStart();
        }
    }

    private void StopProcessors()
    {
        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            cpu.Stop();
        }

        JoinProcessors();
    }

    private void JoinProcessors()
    {
        foreach (Thread thread in _threads)
        {
            thread.Join();
        }

        _threads.Clear();
    }

    private void RunCpu(IVirtualCpu cpu)
    {
        CpuExit exit = cpu.Run();
        switch (exit)
        {
            case CpuExit.TripleFault:
                End(new MachineExit(MachineExitReason.TripleFault, cpu.Describe()));
                break;
            case CpuExit.InternalError:
                End(new MachineExit(MachineExitReason.InternalError, cpu.Describe()));
                break;
        }
    }

    private void End(MachineExit exit)
    {
        _ = _exit.TrySetResult(exit);
        if (Engine is null)
        {
            return;
        }

        foreach (IVirtualCpu cpu in Engine.Cpus)
        {
            cpu.Stop();
        }
    }

    /// <summary>What the guest asks of the board's power and reset registers.</summary>
    private sealed class PowerRequests(VirtualMachine machine) : IPowerRequests
    {
        public void PowerOff() => machine.End(new MachineExit(MachineExitReason.PowerOff, "the guest powered off"));

        // A kernel that is told to (panic=N) resets after it panicked: that is no wish for another start.
        public void Reset() => machine.End(machine._panic.Message is { } message
            ? new MachineExit(MachineExitReason.Panic, message)
            : new MachineExit(MachineExitReason.Reset, "the guest asked for a reset"));

        public void Ended(uint value) =>
            machine.End(new MachineExit(MachineExitReason.ExitPort, $"the guest ended with {value}") { Value = value });

        public void Panicked(string message) => machine.End(new MachineExit(MachineExitReason.Panic, message));
    }
}
