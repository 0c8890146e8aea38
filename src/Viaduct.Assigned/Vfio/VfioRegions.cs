using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Vfio;

/// <summary>Finds out what regions a device has, where they are in its file, and maps what can be mapped.</summary>
internal sealed unsafe class VfioRegions
{
    private const int Count = AssignedRegion.Config + 1;
    private const int MostInfo = 64 << 10;

    private readonly string _name;
    private readonly IVfioKernel _kernel;
    private readonly SafeFileHandle _file;
    private readonly ulong[] _offsets = new ulong[Count];
    private readonly List<HostMemory> _memory = [];

    /// <param name="name">The device's, for people.</param>
    /// <param name="kernel">Answers.</param>
    /// <param name="file">The device; it stays the caller's.</param>
    internal VfioRegions(string name, IVfioKernel kernel, SafeFileHandle file)
    {
        _name = name;
        _kernel = kernel;
        _file = file;
    }

    /// <summary>By index, as <see cref="IAssignedDevice.Regions"/>.</summary>
    internal AssignedRegion[] All { get; } = [.. Enumerable.Repeat(AssignedRegion.None, Count)];

    /// <summary>Reads them all.</summary>
    /// <exception cref="AssignedDeviceException">The kernel's answers make no sense here, or there is no room for a map.</exception>
    internal void Discover()
    {
        for (int index = 0; index < Count; index++)
        {
            byte[] bytes = Ask(index);
            VfioRegionInfo info = MemoryMarshal.Read<VfioRegionInfo>(bytes);
            if (info.Size == 0)
            {
                continue;
            }

            _offsets[index] = info.Offset;
            bool canMap = index < AssignedRegion.Rom && (info.Flags & VfioRegionInfo.CanMap) != 0;
            All[index] = new AssignedRegion
            {
                Size = info.Size,
                Readable = (info.Flags & VfioRegionInfo.CanRead) != 0,
                Writable = (info.Flags & VfioRegionInfo.CanWrite) != 0,
                Areas = canMap ? Map(index, in info, AreasOf(in info, bytes)) : [],
            };
        }
    }

    /// <summary>Reads of a region. False where the device refuses.</summary>
    internal bool TryRead(int region, ulong offset, Span<byte> data)
    {
        fixed (byte* to = data)
        {
            return IsInside(region, offset, data.Length)
                && VfioCalls.pread(_file, to, (nuint)data.Length, (long)(_offsets[region] + offset)) == data.Length;
        }
    }

    /// <summary>Writes to a region. False where the device refuses.</summary>
    internal bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        fixed (byte* from = data)
        {
            return IsInside(region, offset, data.Length)
                && VfioCalls.pwrite(_file, from, (nuint)data.Length, (long)(_offsets[region] + offset)) == data.Length;
        }
    }

    /// <summary>Takes the maps away; no guest has them any more.</summary>
    internal void Unmap() => _memory.ForEach(memory => memory.Dispose());

    private bool IsInside(int region, ulong offset, int length) =>
        All[region].Size >= (ulong)length && offset <= All[region].Size - (ulong)length;

    // The kernel says how much room its answer takes, capabilities included.
    private byte[] Ask(int index)
    {
        int size = sizeof(VfioRegionInfo);
        while (true)
        {
            byte[] bytes = new byte[size];
            MemoryMarshal.Write(bytes, new VfioRegionInfo { ArgSize = (uint)size, Index = (uint)index });
            fixed (byte* argument = bytes)
            {
                if (_kernel.Request(_file, VfioRequests.VFIO_DEVICE_GET_REGION_INFO, argument) < 0)
                {
                    // A device without a ROM or without ports may say so this way.
                    return new byte[sizeof(VfioRegionInfo)];
                }
            }

            uint wanted = MemoryMarshal.Read<VfioRegionInfo>(bytes).ArgSize;
            if (wanted <= size)
            {
                return bytes;
            }

            size = wanted <= MostInfo ? (int)wanted : throw Nonsense(index);
        }
    }

    // All of the region where the kernel names no parts.
    private List<(ulong Offset, ulong Length)> AreasOf(in VfioRegionInfo info, byte[] bytes)
    {
        uint at = (info.Flags & VfioRegionInfo.HasCapabilities) != 0 ? info.CapabilityOffset : 0;
        for (int steps = 0; at != 0; steps++)
        {
            if (steps == 8 || at > bytes.Length || !MemoryMarshal.TryRead(bytes.AsSpan((int)at), out VfioCapability capability))
            {
                throw Nonsense((int)info.Index);
            }

            if (capability.Id == VfioSparseMap.SparseMap && MemoryMarshal.TryRead(bytes.AsSpan((int)at), out VfioSparseMap map))
            {
                ReadOnlySpan<ulong> numbers = MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan((int)at + sizeof(VfioSparseMap)));
                List<(ulong, ulong)> areas = [];
                for (int i = 0; i + 1 < numbers.Length && areas.Count < (int)map.Areas; i += 2)
                {
                    areas.Add((numbers[i], numbers[i + 1]));
                }

                return areas;
            }

            at = capability.Next;
        }

        return [(0, info.Size)];
    }

    private List<AssignedArea> Map(int index, in VfioRegionInfo info, List<(ulong Offset, ulong Length)> parts)
    {
        const ulong Page = HostMemory.PageSize;
        List<AssignedArea> areas = [];
        ulong end = 0;
        foreach ((ulong offset, ulong length) in parts.Where(part => part.Length != 0).Order())
        {
            if (offset < end || offset > info.Size || length > info.Size - offset || (offset | length) % Page != 0)
            {
                throw Nonsense(index);
            }

            end = offset + length;
            try
            {
                HostMemory memory = HostMemory.FromDevice($"{_name} region {index}", _file, info.Offset + offset, length, (info.Flags & VfioRegionInfo.CanWrite) != 0);
                _memory.Add(memory);
                areas.Add(new AssignedArea(offset, length, memory, 0));
            }
            catch (HostException error)
            {
                throw new AssignedDeviceException($"{_name}: {error.Message}", inner: error);
            }
        }

        return areas;
    }

    private AssignedDeviceException Nonsense(int index) => new($"{_name}: what the kernel says of region {index} makes no sense");
}
