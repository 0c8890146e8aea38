using System.Buffers.Binary;
using Viaduct.Assigned;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>
/// A device in memory. BAR 0: a page of registers, a page of memory, watched doorbells, a page with an MSI-X table of 4
/// and registers behind it, and the pending bits; BAR 2: memory of two pages.
/// </summary>
internal sealed class FakeDevice : IAssignedDevice, IDoorbellTraps
{
    internal const ulong MemoryPage = 0x1000;
    internal const ulong DoorbellPage = 0x2000;
    internal const ulong TablePage = 0x3000;
    internal const ulong PendingPage = 0x4000;
    internal const int Vectors = 4;
    internal const int VendorSpecific = 0xC0;

    private readonly AssignedRegion[] _regions = new AssignedRegion[9];
    private readonly byte[][] _contents = new byte[9][];
    private Action? _lost;

    internal FakeDevice(bool pin = true)
    {
        Array.Fill(_regions, AssignedRegion.None);
        _contents[0] = new byte[0x8000];
        _contents[2] = new byte[0x2000];
        _contents[AssignedRegion.Rom] = new byte[0x1000];
        _contents[AssignedRegion.Rom][0] = 0x55;
        _regions[AssignedRegion.Rom] = new AssignedRegion { Size = 0x1000, Readable = true };
        _contents[AssignedRegion.Config] = new byte[4096];
        PinCount = pin ? 1 : 0;
        _regions[0] = new AssignedRegion
        {
            Size = 0x8000,
            Readable = true,
            Writable = true,
            Areas = [new AssignedArea(MemoryPage, 0x4000, Shared, MemoryPage)],
            Doorbells = [new AssignedDoorbell(DoorbellPage, 0x1000, Doorbell, Shared, DoorbellPage) { IsWatched = true }],
        };
        _regions[2] = new AssignedRegion { Size = 0x2000, Readable = true, Writable = true, Areas = [new AssignedArea(0, 0x2000, Shared, 0)] };
        _regions[AssignedRegion.Config] = new AssignedRegion { Size = 4096, Readable = true, Writable = true };
        LayConfig();
    }

    public event Action? Lost
    {
        add => _lost += value;
        remove => _lost -= value;
    }

    public string? LossReason => IsLost ? "lost" : null;

    public string? MapRefusal { get; init; }

    public string Name => "fake:device";

    public Road Road => Road.Assigned;

    public ReadOnlySpan<AssignedRegion> Regions => _regions;

    public bool CanReset => true;

    public IDoorbellTraps? Traps => this;

    public IDoorbellTrapper? Trapper { get; set; }

    public bool NotesWrites { get; init; } = true;

    internal HostMemory Shared { get; } = new("device", 0x8000);

    internal EventFd Doorbell { get; } = new();

    internal int PinCount { get; init; }

    internal bool IsLost { get; private set; }

    internal int Resets { get; private set; }

    internal long Counted { get; set; } = 7;

    internal long Raised { get; set; } = 3;

    internal bool TellsCounts { get; init; } = true;

    internal int Unmasks { get; private set; }

    /// <summary>Whether it lets an eventfd unmask its pin.</summary>
    internal bool CanResample { get; init; }

    internal EventFd? Resample { get; private set; }

    /// <summary>Whether maps are refused.</summary>
    internal bool RefusesDma { get; init; }

    internal Dictionary<ulong, (HostMemory Memory, ulong Offset, ulong Length, bool Writable)> Maps { get; } = [];

    internal Dictionary<(AssignedInterrupt Kind, int Index), EventFd> Targets { get; } = [];

    internal List<(AssignedInterrupt Kind, int Start, int Count)> Requests { get; } = [];

    internal List<(int Region, ulong Offset, byte[] Data)> Writes { get; } = [];

    internal byte[] Config => _contents[AssignedRegion.Config];

    internal uint Command => BinaryPrimitives.ReadUInt16LittleEndian(Config.AsSpan(4));

    /// <summary>Gives a region another size, and no memory to map.</summary>
    internal void Resize(int region, int size)
    {
        _contents[region] = new byte[size];
        _regions[region] = new AssignedRegion { Size = (ulong)size, Readable = true, Writable = true };
    }

    /// <summary>Adds a doorbell to region 0.</summary>
    internal void AddDoorbell(AssignedDoorbell doorbell) => _regions[0] = _regions[0] with { Doorbells = [.. _regions[0].Doorbells, doorbell] };

    public int InterruptCount(AssignedInterrupt kind) => kind switch
    {
        AssignedInterrupt.Intx => PinCount,
        AssignedInterrupt.Msi => 2,
        AssignedInterrupt.Msix => Vectors,
        _ => 0,
    };

    public bool TryRead(int region, ulong offset, Span<byte> data)
    {
        if (IsLost)
        {
            return false;
        }

        _contents[region].AsSpan((int)offset, data.Length).CopyTo(data);
        return true;
    }

    public bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (IsLost)
        {
            return false;
        }

        Writes.Add((region, offset, data.ToArray()));
        data.CopyTo(_contents[region].AsSpan((int)offset));
        return true;
    }

    public bool TrySetInterrupts(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets)
    {
        Requests.Add((kind, start, targets.Length));
        if (targets.IsEmpty)
        {
            foreach ((AssignedInterrupt Kind, int Index) key in Targets.Keys.Where(key => key.Kind == kind).ToArray())
            {
                Targets.Remove(key);
            }
        }

        for (int i = 0; i < targets.Length; i++)
        {
            Targets[(kind, start + i)] = targets[i];
        }

        return !IsLost;
    }

    public bool TryUnmaskPin()
    {
        Unmasks++;
        return !IsLost;
    }

    public bool TryUnmaskPinBy(EventFd resample)
    {
        Resample = resample;
        return CanResample && !IsLost;
    }

    public bool TryMapDma(ulong address, HostMemory memory, ulong offset, ulong length, bool writable) =>
        !IsLost && !RefusesDma && Maps.TryAdd(address, (memory, offset, length, writable));

    public bool TryUnmapDma(ulong address, ulong length) => !IsLost && Maps.Remove(address);

    public bool TryReset()
    {
        Resets++;
        Config.AsSpan(4, 2).Clear();
        return !IsLost;
    }

    public bool TryReadCounts(out DeviceCounts counts)
    {
        counts = new DeviceCounts { Requests = Counted, Interrupts = Raised };
        return TellsCounts && !IsLost;
    }

    internal void Lose()
    {
        IsLost = true;
        _lost?.Invoke();
    }

    public void Dispose()
    {
        IsLost = true;
        Shared.Dispose();
        Doorbell.Dispose();
    }

    internal void Put(int offset, params ReadOnlySpan<byte> bytes) => bytes.CopyTo(Config.AsSpan(offset));

    private void LayConfig()
    {
        Put(0x00, 0x34, 0x12, 0x78, 0x56, 0, 0, 0x10, 0, 3, 2, 8, 1);
        Put(0x10, 0x04);
        Put(0x18, 0x0C);
        Put(0x2C, 0xF4, 0x1A, 0x00, 0x11);
        Put(0x34, 0x40);
        Put(0x3D, (byte)PinCount);

        // Power management, MSI with two vectors, PCI Express of 16 GT/s and eight lanes, MSI-X, vendor-specific.
        Put(0x40, 0x01, 0x50, 3, 0, 8, 0, 0, 0);
        Put(0x50, 0x05, 0x60, 0x82, 0x00);
        Put(0x60, 0x10, 0xB0, 0x02, 0x00, 0x02, 0x80, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0x84, 0);
        Put(0xB0, 0x11, VendorSpecific, Vectors - 1, 0, 0x00, 0x30, 0, 0, 0x00, 0x40, 0, 0);
        Put(VendorSpecific, 0x09, 0, 0x10, 0xAA, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

        // SR-IOV, error reporting, serial number.
        Put(0x100, 0x10, 0x00, 0x01, 0x14);
        Put(0x140, 0x01, 0x00, 0x02, 0x20);
        Put(0x200, 0x03, 0x00, 0x01, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88);
    }
}
