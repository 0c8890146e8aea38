using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

/// <summary>
/// A device behind a server: a page of plain registers, one of doorbells, one of shared memory, four vectors and a pin.
/// The test plays its worker.
/// </summary>
internal sealed class ServedDevice : IAccessHandler, IDmaPause, IDisposable
{
    private readonly HostMemory _shared = new("shared", 0x5000);
    private readonly byte[] _registers = new byte[4096];
    private readonly string _folder = Directory.CreateTempSubdirectory("viaduct-").FullName;
    private HostMemory _bells = new("bells", 4096);

    internal ServedDevice()
    {
        DeviceCounters counters = new("device", Road.Assigned);
        ServedMemory memory = new();
        Dma = memory.NewTarget(counters);
        Function = new PciFunction("device", new PciIdentity(0x1234, 0x11, 1, 0x010802, 0x1234, 0x22), Dma, counters);
        PciBar bar = Function.AddBar(0, PciBarKind.Memory64, 0x8000);
        Pin = Function.IntX;
        Function.AddExpress();
        Vectors = Function.AddMsix(4, bar, 0x2000, bar, 0x3000);
        bar.Map(0, 0x1000, this);
        bar.MapMemory(0x4000, _shared, 0x4000, 0x1000);
        Function.Doorbells = new DoorbellPage(bar, 0x1000, _bells, () => Interlocked.Increment(ref _rings), RenewBells);
        Function.DmaPause = this;
        Function.Reset += () => Interlocked.Increment(ref _resets);
        Path = System.IO.Path.Combine(_folder, "device.sock");
        Server = new VfioUserServer(Path, Function, memory, Log);
    }

    private int _rings;
    private int _resets;

    internal string Path { get; }

    internal VfioUserServer Server { get; }

    internal PciFunction Function { get; }

    internal DmaTarget Dma { get; }

    internal IInterruptLine Pin { get; }

    internal IInterruptVectors Vectors { get; }

    internal ListedEvents Log { get; } = new();

    internal int Rings => Volatile.Read(ref _rings);

    internal int Resets => Volatile.Read(ref _resets);

    internal int Pauses { get; private set; }

    /// <summary>What the device does while its DMA is paused for an unmap.</summary>
    internal Action? WhilePausing { get; set; }

    internal HostMemory Shared => _shared;

    internal HostMemory Bells => _bells;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        for (int i = size - 1; i >= 0; i--)
        {
            value = (value << 8) | _registers[(int)offset + i];
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        for (int i = 0; i < size; i++)
        {
            _registers[(int)offset + i] = (byte)(value >> (8 * i));
        }

        return AccessStatus.Done;
    }

    public void Pause()
    {
        Pauses++;
        WhilePausing?.Invoke();
    }

    public void Resume()
    {
        // Nothing works by itself here.
    }

    /// <summary>Waits until nobody has the device.</summary>
    internal void AwaitFree() => Xunit.Assert.True(SpinWait.SpinUntil(() => Server.Holder is null, TimeSpan.FromSeconds(20)), "the server keeps a client that is gone");

    public void Dispose()
    {
        Server.Dispose();
        _shared.Dispose();
        _bells.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private HostMemory RenewBells()
    {
        _bells.Dispose();
        return _bells = new HostMemory("bells", 4096);
    }

    internal sealed class ListedEvents : IEventLog
    {
        private readonly List<string> _lines = [];

        internal string[] Lines
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public void Warn(string source, string message)
        {
            lock (_lines)
            {
                _lines.Add(message);
            }
        }
    }
}
