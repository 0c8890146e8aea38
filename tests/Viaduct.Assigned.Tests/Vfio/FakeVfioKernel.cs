using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio;
using Viaduct.Assigned.Vfio.Interop;

namespace Viaduct.Assigned.Tests.Vfio;

/// <summary>
/// VFIO and IOMMUFD with an 82576-like function, as the kernel answers to their requests. What a device's file holds is
/// a file: region n begins at n MiB. BAR 0 is 16 KiB and mapped but for its second page, BAR 3 holds the MSI-X table.
/// </summary>
internal sealed unsafe class FakeVfioKernel : IVfioKernel, IDisposable
{
    internal const ulong Bar0Length = 0x4000;
    internal const int Vectors = 10;

    private const int Container = -1;
    private const int Iommu = -2;
    private const int Device = -3;
    private const int Group = -4;

    private readonly string _folder = Directory.CreateTempSubdirectory("viaduct-vfio-").FullName;
    private readonly Dictionary<int, int> _roles = [];
    private int _files;

    internal FakeVfioKernel()
    {
        using FileStream content = new(Content, FileMode.CreateNew);
        content.SetLength(8 << 20);
        PutConfig(0x00, 0x86, 0x80, 0xCA, 0x10, 0, 0, 0x10, 0, 1, 0, 0, 2);
        PutConfig(0x10, 0x04);
        PutConfig(0x1C, 0x04);
        PutConfig(0x34, 0x70);
        PutConfig(0x70, 0x11, 0, Vectors - 1, 0, 3, 0, 0, 0, 3, 0x20, 0, 0);
    }

    internal string Content => Path.Combine(_folder, "content");

    /// <summary>Whether vectors can be added to MSI-X while it is on.</summary>
    internal bool CanResize { get; init; }

    internal bool CanReset { get; init; } = true;

    internal bool IsViable { get; init; } = true;

    /// <summary>Vectors that the host has left.</summary>
    internal int VectorsLeft { get; set; } = 100;

    /// <summary>The errno of the next request of a kind.</summary>
    internal Dictionary<uint, int> Errors { get; } = [];

    /// <summary>The errno of opening a file.</summary>
    internal Dictionary<string, int> OpenErrors { get; } = [];

    internal List<string> Opened { get; } = [];

    internal List<(ulong Address, ulong Length, bool Writable)> Maps { get; } = [];

    internal int MapRequests { get; private set; }

    /// <summary>By kind: what each vector raises, -1 for nothing; absent while the kind is off.</summary>
    internal Dictionary<uint, int[]> Interrupts { get; } = [];

    internal int SwitchedOff { get; private set; }

    internal int Unmasked { get; private set; }

    /// <summary>The eventfd that unmasks the pin; none at first.</summary>
    internal int UnmaskedBy { get; private set; } = -1;

    internal int Resets { get; private set; }

    internal List<int> HotResets { get; } = [];

    /// <summary>What a reset of the bus resets: group, device and function.</summary>
    internal List<(uint Group, byte DeviceAndFunction)> OnTheBus { get; } = [];

    internal string? DeviceName { get; private set; }

    internal Guid? Token { get; private set; }

    internal int Iommus { get; private set; }

    public SafeFileHandle? TryOpen(string path, out int error)
    {
        Opened.Add(path);
        return OpenErrors.TryGetValue(path, out error) ? null : Open(path switch
        {
            "vfio/vfio" => Container,
            "iommu" => Iommu,
            _ when path.StartsWith("vfio/devices/", StringComparison.Ordinal) => Device,
            _ => Group,
        });
    }

    public int Request(SafeFileHandle file, uint request, void* argument)
    {
        if (Errors.Remove(request, out int error))
        {
            return -error;
        }

        return _roles[(int)file.DangerousGetHandle()] switch
        {
            Container => OfContainer(request, argument),
            Group => OfGroup(request, argument),
            Iommu => OfIommu(request, argument),
            _ => OfDevice(request, argument),
        };
    }

    /// <summary>Raises an interrupt as the device would.</summary>
    internal void Raise(AssignedInterrupt kind, int index = 0)
    {
        using SafeFileHandle file = new(Interrupts[(uint)kind][index], ownsHandle: false);
        RandomAccess.Write(file, BitConverter.GetBytes(1UL), 0);
    }

    internal void PutConfig(int offset, params ReadOnlySpan<byte> bytes)
    {
        using FileStream content = new(Content, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        content.Position = (AssignedRegion.Config << 20) + offset;
        content.Write(bytes);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SafeFileHandle Open(int role)
    {
        SafeFileHandle file = role == Device
            ? File.OpenHandle(Content, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite)
            : File.OpenHandle(Path.Combine(_folder, $"{++_files}"), FileMode.CreateNew, FileAccess.ReadWrite);
        _roles[(int)file.DangerousGetHandle()] = role;
        return file;
    }

    private int OfContainer(uint request, void* argument)
    {
        switch (request)
        {
            case VfioRequests.VFIO_GET_API_VERSION:
                return 0;
            case VfioRequests.VFIO_CHECK_EXTENSION:
                return (nint)argument == VfioRequests.VFIO_TYPE1v2_IOMMU ? 1 : 0;
            case VfioRequests.VFIO_SET_IOMMU:
                Iommus++;
                return 0;
            case VfioRequests.VFIO_IOMMU_MAP_DMA:
                VfioDmaMap map = *(VfioDmaMap*)argument;
                return map.ArgSize == 32 ? Map(map.Address, map.Size, map.HostAddress, (map.Flags & VfioDmaMap.CanWrite) != 0) : -22;
            case VfioRequests.VFIO_IOMMU_UNMAP_DMA:
                VfioDmaUnmap unmap = *(VfioDmaUnmap*)argument;
                return Unmap(unmap.Address, unmap.Size);
            default:
                return -25;
        }
    }

    private int OfGroup(uint request, void* argument)
    {
        switch (request)
        {
            case VfioRequests.VFIO_GROUP_GET_STATUS:
                ((VfioGroupStatus*)argument)->Flags = IsViable ? VfioGroupStatus.Viable : 0;
                return 0;
            case VfioRequests.VFIO_GROUP_SET_CONTAINER:
                return _roles[*(int*)argument] == Container ? 0 : -22;
            case VfioRequests.VFIO_GROUP_GET_DEVICE_FD:
                DeviceName = Encoding.ASCII.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)argument));
                SafeFileHandle device = Open(Device);
                int descriptor = (int)device.DangerousGetHandle();
                device.SetHandleAsInvalid();
                return descriptor;
            default:
                return -25;
        }
    }

    private int OfIommu(uint request, void* argument)
    {
        switch (request)
        {
            case VfioRequests.IOMMU_IOAS_ALLOC:
                ((IommuIoasAlloc*)argument)->AddressSpace = 5;
                return 0;
            case VfioRequests.IOMMU_IOAS_MAP:
                IommuIoasMap map = *(IommuIoasMap*)argument;
                const uint Expected = IommuIoasMap.FixedAddress | IommuIoasMap.CanRead;
                return map.AddressSpace == 5 && (map.Flags & Expected) == Expected
                    ? Map(map.Address, map.Length, map.HostAddress, (map.Flags & IommuIoasMap.CanWrite) != 0) : -22;
            case VfioRequests.IOMMU_IOAS_UNMAP:
                IommuIoasUnmap unmap = *(IommuIoasUnmap*)argument;
                return unmap.AddressSpace == 5 ? Unmap(unmap.Address, unmap.Length) : -22;
            default:
                return -25;
        }
    }

    private int OfDevice(uint request, void* argument)
    {
        switch (request)
        {
            case VfioRequests.VFIO_DEVICE_BIND_IOMMUFD:
                VfioBindIommufd bind = *(VfioBindIommufd*)argument;
                Token = (bind.Flags & VfioBindIommufd.HasToken) != 0 ? new Guid(new ReadOnlySpan<byte>((void*)bind.TokenAddress, 16), bigEndian: true) : null;
                return _roles[bind.Iommufd] == Iommu ? 0 : -22;
            case VfioRequests.VFIO_DEVICE_ATTACH_IOMMUFD_PT:
                return ((VfioAttachIommufd*)argument)->AddressSpace == 5 ? 0 : -22;
            case VfioRequests.VFIO_DEVICE_GET_INFO:
                ((VfioDeviceInfo*)argument)->Flags = VfioDeviceInfo.Pci | (CanReset ? VfioDeviceInfo.CanReset : 0);
                return 0;
            case VfioRequests.VFIO_DEVICE_GET_REGION_INFO:
                return Describe((VfioRegionInfo*)argument);
            case VfioRequests.VFIO_DEVICE_GET_IRQ_INFO:
                return Describe((VfioIrqInfo*)argument);
            case VfioRequests.VFIO_DEVICE_SET_IRQS:
                return Set((VfioIrqSet*)argument);
            case VfioRequests.VFIO_DEVICE_RESET:
                Resets++;
                return 0;
            case VfioRequests.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
                return Describe((VfioHotResetInfo*)argument);
            case VfioRequests.VFIO_DEVICE_PCI_HOT_RESET:
                HotResets.Add((int)((VfioHotReset*)argument)->Count);
                return 0;
            case VfioRequests.VFIO_DEVICE_FEATURE:
                VfioToken token = ((VfioTokenFeature*)argument)->Token;
                Token = new Guid(token, bigEndian: true);
                return 0;
            default:
                return -25;
        }
    }

    private int Map(ulong address, ulong length, ulong memory, bool writable)
    {
        MapRequests++;
        if (Maps.Exists(map => map.Address < address + length && address < map.Address + map.Length) || memory == 0)
        {
            return -17;
        }

        Maps.Add((address, length, writable));
        return 0;
    }

    private int Unmap(ulong address, ulong length) => Maps.RemoveAll(map => map.Address == address && map.Length == length) == 1 ? 0 : -2;

    private int Describe(VfioRegionInfo* info)
    {
        const int Parts = 2;
        uint index = info->Index;
        uint room = info->ArgSize;
        *info = new VfioRegionInfo { ArgSize = room, Index = index, Offset = (ulong)index << 20 };
        switch (index)
        {
            case 0:
                int size = sizeof(VfioRegionInfo) + sizeof(VfioSparseMap) + (Parts * 16) + sizeof(VfioCapability);
                info->Size = Bar0Length;
                info->Flags = VfioRegionInfo.CanRead | VfioRegionInfo.CanWrite | VfioRegionInfo.CanMap | VfioRegionInfo.HasCapabilities;
                info->ArgSize = (uint)size;
                if (room >= size)
                {
                    // First one that is no more than a header, at the very end.
                    info->CapabilityOffset = (uint)(size - sizeof(VfioCapability));
                    *(VfioCapability*)((byte*)info + info->CapabilityOffset) = new VfioCapability { Id = 3, Version = 1, Next = (uint)sizeof(VfioRegionInfo) };
                    VfioSparseMap* sparse = (VfioSparseMap*)(info + 1);
                    *sparse = new VfioSparseMap { Header = new VfioCapability { Id = VfioSparseMap.SparseMap, Version = 1 }, Areas = Parts };
                    ulong* parts = (ulong*)(sparse + 1);
                    parts[0] = 0;
                    parts[1] = 0x1000;
                    parts[2] = 0x2000;
                    parts[3] = 0x2000;
                }

                return 0;
            case 3:
                info->Size = 0x4000;
                info->Flags = VfioRegionInfo.CanRead | VfioRegionInfo.CanWrite | VfioRegionInfo.CanMap;
                return 0;
            case AssignedRegion.Rom:
                return -22;
            case AssignedRegion.Config:
                info->Size = 256;
                info->Flags = VfioRegionInfo.CanRead | VfioRegionInfo.CanWrite;
                return 0;
            default:
                return 0;
        }
    }

    private int Describe(VfioIrqInfo* info)
    {
        info->Flags = VfioIrqInfo.EventFd | (info->Index == 2 && CanResize ? 0 : VfioIrqInfo.NoResize);
        info->Count = info->Index switch { 0 => 1, 1 => 2, 2 => Vectors, _ => 1 };
        return 0;
    }

    // As the kernel's vfio_pci_intrs.c: one kind of the first three at a time, and which a later request may reach.
    private int Set(VfioIrqSet* set)
    {
        bool isKind = set->Index <= 2;
        if ((set->Flags & VfioIrqSet.Unmask) != 0 && (set->Flags & VfioIrqSet.DataEventFd) != 0)
        {
            UnmaskedBy = *(int*)(set + 1);
            return 0;
        }

        if ((set->Flags & VfioIrqSet.Unmask) != 0)
        {
            Unmasked++;
            return 0;
        }

        if (set->Count == 0)
        {
            SwitchedOff++;
            return Interrupts.Remove(set->Index) || !isKind ? 0 : -22;
        }

        int[] targets = new ReadOnlySpan<int>(set + 1, (int)set->Count).ToArray();
        int end = (int)(set->Start + set->Count);
        bool isOn = Interrupts.TryGetValue(set->Index, out int[]? now);
        if (isKind && !isOn)
        {
            if (Interrupts.Keys.Any(kind => kind <= 2) || end > VectorsLeft)
            {
                return end > VectorsLeft ? VectorsLeft : -22;
            }

            now = new int[end];
            now.AsSpan().Fill(-1);
        }

        now ??= new int[end];
        if (end > now.Length)
        {
            if (set->Index != 2 || !CanResize)
            {
                return -22;
            }

            int before = now.Length;
            Array.Resize(ref now, end);
            now.AsSpan(before).Fill(-1);
        }

        targets.CopyTo(now, set->Start);
        Interrupts[set->Index] = now;
        return 0;
    }

    private int Describe(VfioHotResetInfo* info)
    {
        if (OnTheBus.Count == 0)
        {
            return -19;
        }

        info->Count = (uint)OnTheBus.Count;
        VfioDependentDevice* devices = (VfioDependentDevice*)(info + 1);
        for (int i = 0; i < OnTheBus.Count; i++)
        {
            devices[i] = new VfioDependentDevice { Group = OnTheBus[i].Group, Bus = 1, DeviceAndFunction = OnTheBus[i].DeviceAndFunction };
        }

        return 0;
    }
}
