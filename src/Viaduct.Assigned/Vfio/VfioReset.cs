using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// How a device is reset: by itself (function level reset, power state, or a bus that has nothing else on it, as the
/// kernel sees fit), or else by its bus or slot, where all that this resets is this guest's and not in use.
/// </summary>
internal sealed unsafe class VfioReset
{
    private const int MostDevices = 256;

    private readonly IVfioKernel _kernel;
    private readonly SafeFileHandle _file;
    private readonly DmaSpace _space;
    private readonly PciAddress _address;
    private readonly Func<PciAddress, bool> _isOpen;
    private readonly bool _alone;

    /// <param name="kernel">Answers.</param>
    /// <param name="file">The device; it stays the caller's.</param>
    /// <param name="space">What it is in.</param>
    /// <param name="address">Where it is.</param>
    /// <param name="isOpen">Whether a device of this guest's is in use.</param>
    /// <param name="alone">Whether the kernel can reset it by itself.</param>
    internal VfioReset(IVfioKernel kernel, SafeFileHandle file, DmaSpace space, PciAddress address, Func<PciAddress, bool> isOpen, bool alone)
    {
        _kernel = kernel;
        _file = file;
        _space = space;
        _address = address;
        _isOpen = isOpen;
        _alone = alone;
        Obstacle = alone || Rights(out string? obstacle) is not null ? null : obstacle;
    }

    /// <summary>Why it can't be reset, for people; null where it can.</summary>
    internal string? Obstacle { get; }

    /// <summary>Resets it. False where that failed, or isn't possible.</summary>
    internal bool TryReset()
    {
        if (_alone)
        {
            return _kernel.Request(_file, VfioRequests.VFIO_DEVICE_RESET, null) >= 0;
        }

        if (Rights(out _) is not { } rights)
        {
            return false;
        }

        byte[] bytes = new byte[sizeof(VfioHotReset) + (rights.Length * sizeof(int))];
        MemoryMarshal.Write(bytes, new VfioHotReset { ArgSize = (uint)bytes.Length, Count = (uint)rights.Length });
        MemoryMarshal.AsBytes(rights.AsSpan()).CopyTo(bytes.AsSpan(sizeof(VfioHotReset)));
        fixed (byte* argument = bytes)
        {
            return _kernel.Request(_file, VfioRequests.VFIO_DEVICE_PCI_HOT_RESET, argument) >= 0;
        }
    }

    private int[]? Rights(out string? obstacle)
    {
        if (Affected(out bool owned) is not { } affected)
        {
            obstacle = "it has neither a reset of its own nor one of its bus";
            return null;
        }

        List<PciAddress> used = [];
        List<uint> groups = [];
        foreach (VfioDependentDevice device in affected)
        {
            PciAddress address = new(device.Segment, device.Bus, (byte)(device.DeviceAndFunction >> 3), (byte)(device.DeviceAndFunction & 7));
            groups.Add(device.Group);
            if (address != _address && _isOpen(address))
            {
                used.Add(address);
            }
        }

        int[]? rights = used.Count == 0 ? _space.ResetRights(groups, owned) : null;
        obstacle = rights is not null ? null
            : used.Count != 0 ? $"it has no reset of its own, and that of its bus would reset {string.Join(", ", used)}, which the guest uses, too"
            : "it has no reset of its own, and that of its bus would reset devices that aren't this guest's";
        return rights;
    }

    private VfioDependentDevice[]? Affected(out bool owned)
    {
        owned = false;
        byte[] bytes = new byte[sizeof(VfioHotResetInfo) + (MostDevices * sizeof(VfioDependentDevice))];
        MemoryMarshal.Write(bytes, new VfioHotResetInfo { ArgSize = (uint)bytes.Length });
        fixed (byte* argument = bytes)
        {
            if (_kernel.Request(_file, VfioRequests.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, argument) < 0)
            {
                return null;
            }
        }

        VfioHotResetInfo info = MemoryMarshal.Read<VfioHotResetInfo>(bytes);
        owned = (info.Flags & VfioHotResetInfo.Owned) != 0;
        uint count = Math.Min(info.Count, MostDevices);
        return MemoryMarshal.Cast<byte, VfioDependentDevice>(bytes.AsSpan(sizeof(VfioHotResetInfo)))[..(int)count].ToArray();
    }
}
