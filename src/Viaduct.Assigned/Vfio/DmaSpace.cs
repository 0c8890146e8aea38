using Viaduct.Assigned.Vfio.Interop;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// The memory that the devices of one guest can reach, in the IOMMU. They all are in it, so that the host keeps the
/// guest's memory in place once, and a map that several of them ask for is one.
/// </summary>
internal abstract class DmaSpace : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Map> _maps = [];

    /// <summary>Opens a device into the space; closing what is given takes it out again.</summary>
    /// <param name="place">Which.</param>
    /// <exception cref="AssignedDeviceException">It can't be had; the message says what to do.</exception>
    internal abstract OpenedDevice Open(DevicePlace place);

    /// <summary>What a hot reset shows for the right to reset what it does; null where some of it is another's.</summary>
    /// <param name="groups">The groups of all that is reset.</param>
    /// <param name="owned">Whether the kernel says that it is all this space's, or nobody's.</param>
    internal abstract int[]? ResetRights(IReadOnlyList<uint> groups, bool owned);

    /// <summary>Lets the devices reach memory.</summary>
    /// <returns>Zero, or the errno.</returns>
    internal int Add(ulong address, nint memory, ulong length, bool writable)
    {
        lock (_lock)
        {
            if (_maps.TryGetValue(address, out Map? map))
            {
                bool same = (map.Memory, map.Length, map.Writable) == (memory, length, writable);
                map.Users += same ? 1 : 0;
                return same ? 0 : VfioCalls.EINVAL;
            }

            int error = TryMap(address, memory, length, writable);
            if (error == 0)
            {
                _maps.Add(address, new Map(memory, length, writable) { Users = 1 });
            }

            return error;
        }
    }

    /// <summary>Takes memory away again, when no device needs it any more.</summary>
    /// <returns>Zero, or the errno.</returns>
    internal int Remove(ulong address, ulong length)
    {
        lock (_lock)
        {
            if (!_maps.TryGetValue(address, out Map? map) || map.Length != length)
            {
                return VfioCalls.EINVAL;
            }

            map.Users--;
            if (map.Users != 0)
            {
                return 0;
            }

            _ = _maps.Remove(address);
            return TryUnmap(address, length);
        }
    }

    /// <summary>No device is in it any more.</summary>
    public abstract void Dispose();

    private protected abstract int TryMap(ulong address, nint memory, ulong length, bool writable);

    private protected abstract int TryUnmap(ulong address, ulong length);

    private sealed record Map(nint Memory, ulong Length, bool Writable)
    {
        internal int Users { get; set; }
    }
}
