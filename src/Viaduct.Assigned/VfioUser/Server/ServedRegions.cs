using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// A served function's regions, by VFIO's numbers for PCI: BARs, ROM, configuration space, VGA. An access that the device doesn't
/// answer reads as ones, as on a bus.
/// </summary>
internal sealed class ServedRegions
{
    /// <summary>How many there are; not all have bytes.</summary>
    internal const int Count = 9;

    private const int ConfigSize = 4096;

    private readonly PciFunction _function;
    private readonly PciBar?[] _bars = new PciBar?[6];

    internal ServedRegions(PciFunction function)
    {
        _function = function;
        foreach (PciBar bar in function.Bars)
        {
            _bars[bar.Index] = bar;
        }
    }

    /// <summary>A BAR by its region; null where there is none.</summary>
    internal PciBar? Bar(uint region) => region < (uint)_bars.Length ? _bars[region] : null;

    /// <summary>Bytes of a region.</summary>
    internal ulong SizeOf(uint region) => region == AssignedRegion.Config ? ConfigSize : Bar(region)?.Size ?? 0;

    /// <summary>What a client may map of a region: the memory behind it, if it is of one block.</summary>
    internal BarRegion? MemoryOf(uint region)
    {
        BarRegion? found = null;
        foreach (BarRegion part in Bar(region) is { } bar ? bar.Regions : [])
        {
            if (part.Memory is not null && part.Memory.FileOffset + part.MemoryOffset >= part.Offset)
            {
                found = found is null ? part : null;
            }
        }

        return found;
    }

    /// <summary>Whether an access lies inside a region.</summary>
    internal bool Contains(in RegionAccessMessage access)
    {
        ulong size = SizeOf(access.Region);
        return access.Count <= size && access.Offset <= size - access.Count;
    }

    /// <summary>Whether a write may wait for the device: any register of the configuration space may hold a reset.</summary>
    internal bool MayWait(in RegionAccessMessage access)
    {
        if (access.Region == AssignedRegion.Config)
        {
            return true;
        }

        foreach (BarRegion part in Bar(access.Region) is { } bar ? bar.Regions : [])
        {
            if (part.WaitsForDevice && access.Offset < part.Offset + part.Length && part.Offset < access.Offset + access.Count)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads. The access lies inside.</summary>
    internal void Read(uint region, ulong offset, Span<byte> data)
    {
        PciBar? bar = Bar(region);
        while (!data.IsEmpty)
        {
            int size = Step(offset, data.Length, bar is null ? 4 : 8);
            ulong value;
            if (bar is null)
            {
                value = _function.ReadConfig((int)offset, size);
            }
            else
            {
                if (bar.Read(offset, size, out value) != AccessStatus.Done)
                {
                    value = ulong.MaxValue;
                }

                _function.Counters.Exit(0);
            }

            Put(data, size, value);
            data = data[size..];
            offset += (ulong)size;
        }
    }

    /// <summary>Writes. The access lies inside.</summary>
    internal void Write(uint region, ulong offset, ReadOnlySpan<byte> data)
    {
        PciBar? bar = Bar(region);
        while (!data.IsEmpty)
        {
            int size = Step(offset, data.Length, bar is null ? 4 : 8);
            ulong value = Get(data, size);
            if (bar is null)
            {
                _function.WriteConfig((int)offset, size, (uint)value);
            }
            else
            {
                _ = bar.Write(offset, size, value);
                _function.Counters.Exit(0);
            }

            data = data[size..];
            offset += (ulong)size;
        }
    }

    // What an access of a processor to a place would be, that goes on from there.
    private static int Step(ulong offset, int length, int most)
    {
        int size = most;
        while (size > length || (offset & (ulong)(size - 1)) != 0)
        {
            size >>= 1;
        }

        return size;
    }

    private static void Put(Span<byte> data, int size, ulong value)
    {
        switch (size)
        {
            case 8:
                BinaryPrimitives.WriteUInt64LittleEndian(data, value);
                break;
            case 4:
                BinaryPrimitives.WriteUInt32LittleEndian(data, (uint)value);
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(data, (ushort)value);
                break;
            default:
                data[0] = (byte)value;
                break;
        }
    }

    private static ulong Get(ReadOnlySpan<byte> data, int size) => size switch
    {
        8 => BinaryPrimitives.ReadUInt64LittleEndian(data),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(data),
        2 => BinaryPrimitives.ReadUInt16LittleEndian(data),
        _ => data[0],
    };
}
