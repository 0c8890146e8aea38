using System.Buffers.Binary;
using Viaduct.Assigned;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Guests.Support;

/// <summary>An NVMe controller of this process behind the contract of assigned devices, with no protocol in between.</summary>
internal sealed class LoopbackDevice : IAssignedDevice, IDoorbellTraps, IDoorbellTrap, IInterruptHost, IMsiSink
{
    private readonly AddressSpace _memory = new("loopback");
    private readonly Dictionary<ulong, Mapping> _maps = [];
    private readonly AssignedRegion[] _regions = new AssignedRegion[9];
    private readonly EventFd?[] _targets = new EventFd?[256];
    private readonly DeviceCounters _counters = new("loopback", Road.Assigned);
    private readonly NvmeDevice _nvme;
    private readonly IBlockBackend _disk;
    private readonly EventFd _rung = new();
    private readonly Thread _ringer;
    private volatile bool _lost;
    private bool _messages;

    internal LoopbackDevice(IBlockBackend disk)
    {
        _disk = disk;
        DmaTarget dma = new(new GuestMemory(_memory), this, _counters);
        _nvme = NvmeDevice.Create(new NvmeOptions { Id = "loopback", Disks = [disk] }, dma, _counters, new EventLog(TextWriter.Null));
        PciFunction function = _nvme.Function;
        function.TakeInterrupts(this);
        Array.Fill(_regions, AssignedRegion.None);
        DoorbellPage? page = function.Doorbells;
        _regions[0] = new AssignedRegion
        {
            Size = function.Bars[0].Size,
            Readable = true,
            Writable = true,
            Doorbells = page is null ? [] : [new AssignedDoorbell(page.Offset, HostMemory.PageSize, _rung, page.Memory, 0) { IsWatched = true }],
        };
        _regions[AssignedRegion.Config] = new AssignedRegion { Size = 4096, Readable = true, Writable = true };
        if (page is not null)
        {
            page.Trap = this;
        }

        _ringer = new Thread(() =>
        {
            while (!_lost)
            {
                if (_rung.Wait())
                {
                    page?.Ring();
                }
            }
        }) { IsBackground = true };
        _ringer.Start();
    }

    public event Action? Lost;

    public string Name => "loopback";

    public Road Road => Road.Assigned;

    public ReadOnlySpan<AssignedRegion> Regions => _regions;

    public bool CanReset => true;

    public IDoorbellTraps? Traps => this;

    public string? LossReason => _lost ? "it was told to go" : null;

    public IDoorbellTrapper? Trapper { get; set; }

    public bool UsesMessages => _messages;

    public int InterruptCount(AssignedInterrupt kind) => kind == AssignedInterrupt.Msix ? _targets.Length : 0;

    public bool TryRead(int region, ulong offset, Span<byte> data)
    {
        if (_lost)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[8];
        ulong value = 0;
        bool done = region == AssignedRegion.Config || _nvme.Function.Bars[0].Read(offset, data.Length, out value) == AccessStatus.Done;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, region == AssignedRegion.Config ? _nvme.Function.ReadConfig((int)offset, data.Length) : value);
        bytes[..data.Length].CopyTo(data);
        return done;
    }

    public bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (_lost)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        data.CopyTo(bytes);
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (region == AssignedRegion.Config)
        {
            _nvme.Function.WriteConfig((int)offset, data.Length, (uint)value);
            return true;
        }

        return _nvme.Function.Bars[0].Write(offset, data.Length, value) == AccessStatus.Done;
    }

    public bool TrySetInterrupts(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets)
    {
        _messages = !targets.IsEmpty;
        if (targets.IsEmpty)
        {
            Array.Clear(_targets);
        }

        for (int i = 0; i < targets.Length; i++)
        {
            Volatile.Write(ref _targets[start + i], targets[i]);
        }

        return true;
    }

    public bool TryUnmaskPin() => true;

    public bool TryMapDma(ulong address, HostMemory memory, ulong offset, ulong length, bool writable)
    {
        _maps.Add(address, _memory.MapMemory("guest", address, memory, offset, length, readOnly: !writable));
        return true;
    }

    public bool TryUnmapDma(ulong address, ulong length)
    {
        _maps.Remove(address, out Mapping? mapping);
        mapping?.Dispose();
        return true;
    }

    public bool TryReset()
    {
        _nvme.Function.SystemReset();
        return true;
    }

    public bool TryReadCounts(out DeviceCounts counts)
    {
        counts = _counters.Read() with { Exits = 0, Doorbells = 0, Interrupts = 0 };
        return !_lost;
    }

    /// <summary>Goes, as if its power were cut.</summary>
    internal void Lose()
    {
        _lost = true;
        _rung.Signal();
        Lost?.Invoke();
    }

    public void Arm(long ticket) => ThreadPool.UnsafeQueueUserWorkItem(
        _ =>
        {
            Trapper?.SetArmed(true);
            _nvme.Function.Doorbells!.Trapped(ticket);
        },
        null);

    public void Disarm() => ThreadPool.UnsafeQueueUserWorkItem(_ => Trapper?.SetArmed(false), null);

    public void Signal(int vector)
    {
        _counters.Interrupt();
        Volatile.Read(ref _targets[vector])?.Signal();
    }

    public void SetPin(bool asserted)
    {
    }

    public void Signal(ushort requesterId, ulong address, uint data)
    {
    }

    public void Dispose()
    {
        _lost = true;
        _rung.Signal();
        _ringer.Join();
        _nvme.Dispose();
        _disk.Dispose();
        _rung.Dispose();
    }
}
