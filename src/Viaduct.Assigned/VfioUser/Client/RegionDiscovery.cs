using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>Asks a server for its regions: sizes, what can be mapped, doorbells. What a server says is checked here, once.</summary>
internal sealed unsafe class RegionDiscovery
{
    private const int MaxAreas = 64;
    private const int MaxDoorbells = 64;
    private const ulong MaxRegion = 1UL << 40;
    private const ulong Page = HostMemory.PageSize;

    private readonly string _name;
    private readonly RequestChannel _channel;
    private readonly TimeSpan _limit;
    private readonly bool _isViaduct;

    internal RegionDiscovery(string name, RequestChannel channel, TimeSpan limit, bool isViaduct)
    {
        _name = name;
        _channel = channel;
        _limit = limit;
        _isViaduct = isViaduct;
    }

    /// <summary>The memory that was mapped.</summary>
    internal List<HostMemory> Memory { get; } = [];

    /// <summary>The eventfds that were received.</summary>
    internal List<EventFd> Signals { get; } = [];

    /// <summary>Asks for one region.</summary>
    /// <exception cref="AssignedDeviceException">The answer makes no sense.</exception>
    internal AssignedRegion Read(int index)
    {
        RegionInfoMessage request = new() { ArgSize = (uint)(sizeof(RegionInfoMessage) + sizeof(SparseMapCapability) + (MaxAreas * 16)), Index = (uint)index };
        using Call call = _channel.Rent();
        CallResult result = _channel.Send(call, VfioUserCommand.DeviceGetRegionInfo, Bytes(in request), default, default, _limit);
        if (result == CallResult.Refused)
        {
            return AssignedRegion.None;
        }

        if (result != CallResult.Done || !call.TryRead(out RegionInfoMessage info) || info.Index != (uint)index || info.Size > MaxRegion)
        {
            throw Nonsense($"region {index}");
        }

        if (info.Size == 0)
        {
            return AssignedRegion.None;
        }

        bool canMap = (info.Flags & RegionInfoMessage.CanMap) != 0 && index < AssignedRegion.Rom;
        return new AssignedRegion
        {
            Size = info.Size,
            Readable = (info.Flags & RegionInfoMessage.CanRead) != 0,
            Writable = (info.Flags & RegionInfoMessage.CanWrite) != 0,
            Areas = canMap && call.TakeDescriptor(0) is { } file ? Map(index, in info, AreasOf(index, in info, call.Body), file) : [],
            Doorbells = index < AssignedRegion.Rom ? ReadDoorbells(index, info.Size) : [],
        };
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private AssignedDeviceException Nonsense(string what) => new($"{_name}: the server's answer about {what} makes no sense");

    // The parts that can be mapped; all of the region where the server names none.
    private List<(ulong Offset, ulong Length)> AreasOf(int index, in RegionInfoMessage info, ReadOnlySpan<byte> body)
    {
        List<(ulong Offset, ulong Length)> areas = [];
        uint at = (info.Flags & RegionInfoMessage.HasCapabilities) != 0 ? info.CapabilityOffset : 0;
        for (int steps = 0; at != 0; steps++)
        {
            if (steps == 8 || at > body.Length || !MemoryMarshal.TryRead(body[(int)at..], out SparseMapCapability capability))
            {
                throw Nonsense($"what of region {index} can be mapped");
            }

            if (capability.Id == SparseMapCapability.SparseMap)
            {
                ReadOnlySpan<byte> list = body[((int)at + sizeof(SparseMapCapability))..];
                if (capability.Areas > MaxAreas || list.Length < (int)capability.Areas * 16)
                {
                    throw Nonsense($"what of region {index} can be mapped");
                }

                ReadOnlySpan<ulong> numbers = MemoryMarshal.Cast<byte, ulong>(list[..((int)capability.Areas * 16)]);
                for (int i = 0; i < numbers.Length; i += 2)
                {
                    areas.Add((numbers[i], numbers[i + 1]));
                }

                return Checked(index, info.Size, areas);
            }

            at = capability.Next;
        }

        return Checked(index, info.Size, [(0, info.Size)]);
    }

    private List<(ulong Offset, ulong Length)> Checked(int index, ulong size, List<(ulong Offset, ulong Length)> areas)
    {
        areas.RemoveAll(area => area.Length == 0);
        areas.Sort();
        ulong end = 0;
        foreach ((ulong offset, ulong length) in areas)
        {
            if ((offset | length) % Page != 0 || offset < end || offset > size || length > size - offset)
            {
                // A small region that is mapped as a whole has no whole page; it is reached by messages.
                return areas.Count == 1 && length == size ? [] : throw Nonsense($"what of region {index} can be mapped");
            }

            end = offset + length;
        }

        return areas;
    }

    private List<AssignedArea> Map(int index, in RegionInfoMessage info, List<(ulong Offset, ulong Length)> areas, SafeFileHandle file)
    {
        if (areas.Count == 0)
        {
            file.Dispose();
            return [];
        }

        // One mapping from the first part's start to the last one's end; what lies between is never touched.
        ulong start = areas[0].Offset;
        ulong end = areas[^1].Offset + areas[^1].Length;
        HostMemory? memory = MapFile($"{_name} region {index}", file, info.Offset + start, end - start);
        return memory is null ? [] : areas.ConvertAll(area => new AssignedArea(area.Offset, area.Length, memory, area.Offset - start));
    }

    private HostMemory? MapFile(string name, SafeFileHandle file, ulong offset, ulong length)
    {
        try
        {
            HostMemory? memory = HostMemory.FromFile(name, file, offset, length, writable: true);
            if (memory is not null)
            {
                Memory.Add(memory);
            }

            return memory;
        }
        catch (HostException error)
        {
            throw new AssignedDeviceException($"{_name}: {error.Message}", inner: error);
        }
    }

    private List<AssignedDoorbell> ReadDoorbells(int index, ulong size)
    {
        RegionIoFdsMessage request = new() { ArgSize = (uint)(sizeof(RegionIoFdsMessage) + (MaxDoorbells * sizeof(IoEventFdEntry))), Index = (uint)index };
        using Call call = _channel.Rent();
        CallResult result = _channel.Send(call, VfioUserCommand.DeviceGetRegionIoFds, Bytes(in request), default, default, _limit);
        if (result == CallResult.Refused)
        {
            return [];
        }

        if (result != CallResult.Done
            || !call.TryRead(out RegionIoFdsMessage reply)
            || reply.Count > MaxDoorbells
            || call.Body.Length < sizeof(RegionIoFdsMessage) + ((int)reply.Count * sizeof(IoEventFdEntry)))
        {
            throw Nonsense($"the doorbells of region {index}");
        }

        Dictionary<uint, EventFd?> signals = [];
        Dictionary<uint, HostMemory?> shadows = [];
        List<AssignedDoorbell> doorbells = [];
        ReadOnlySpan<byte> entries = call.Body[sizeof(RegionIoFdsMessage)..];
        for (int i = 0; i < (int)reply.Count; i++)
        {
            IoEventFdEntry entry = MemoryMarshal.Read<IoEventFdEntry>(entries[(i * sizeof(IoEventFdEntry))..]);
            if (entry.Size == 0 || entry.Offset > size || entry.Size > size - entry.Offset)
            {
                throw Nonsense($"the doorbells of region {index}");
            }

            if (ReadDoorbell(in entry, call, signals, shadows) is { } doorbell
                && !doorbells.Exists(other => other.Offset < doorbell.Offset + doorbell.Length && doorbell.Offset < other.Offset + other.Length))
            {
                doorbells.Add(doorbell);
            }
        }

        return doorbells;
    }

    // Null for a kind that isn't known here, or whose descriptors are of no use: its writes go as messages.
    private AssignedDoorbell? ReadDoorbell(in IoEventFdEntry entry, Call call, Dictionary<uint, EventFd?> signals, Dictionary<uint, HostMemory?> shadows)
    {
        bool shadowed = entry.Type == IoEventFdEntry.ShadowedEventFd;
        bool matches = (entry.Flags & IoEventFdEntry.HasMatch) != 0;
        if ((!shadowed && entry.Type != IoEventFdEntry.EventFd) || (shadowed && matches))
        {
            return null;
        }

        if (!signals.TryGetValue(entry.Descriptor, out EventFd? signal))
        {
            signal = call.TakeDescriptor(entry.Descriptor) is { } taken ? EventFd.FromFile(taken) : null;
            signals.Add(entry.Descriptor, signal);
            if (signal is not null)
            {
                Signals.Add(signal);
            }
        }

        if (signal is null || !shadowed)
        {
            return signal is null ? null : new AssignedDoorbell(entry.Offset, entry.Size, signal, null, 0) { Match = matches ? entry.Match : null };
        }

        ulong first = entry.ShadowOffset & ~(Page - 1);
        ulong end = (entry.ShadowOffset + entry.Size + Page - 1) & ~(Page - 1);
        if (shadows.ContainsKey(entry.ShadowDescriptor) || end <= first || call.TakeDescriptor(entry.ShadowDescriptor) is not { } file)
        {
            return null;
        }

        HostMemory? shadow = MapFile($"{_name} doorbells", file, first, end - first);
        shadows.Add(entry.ShadowDescriptor, shadow);
        return shadow is null ? null : new AssignedDoorbell(entry.Offset, entry.Size, signal, shadow, entry.ShadowOffset - first)
        {
            IsWatched = _isViaduct && (entry.Flags & IoEventFdEntry.Watched) != 0,
        };
    }
}
