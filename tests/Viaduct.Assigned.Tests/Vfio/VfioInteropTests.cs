using System.Diagnostics;
using System.Globalization;
using System.Text;
using Viaduct.Assigned.Vfio.Interop;

namespace Viaduct.Assigned.Tests.Vfio;

/// <summary>
/// Holds structures and request numbers against linux/vfio.h and linux/iommufd.h, by a C program. What this host's
/// headers are too old to know (IOMMUFD came with 6.2, devices' own files with 6.6) is held against the numbers here.
/// </summary>
public sealed unsafe class VfioInteropTests
{
    /// <summary>C's name, what ours is, and what it was in Linux 7.2's headers.</summary>
    private static readonly (string Expression, string Since, long Ours, long Known)[] _facts =
    [
        ("VFIO_GET_API_VERSION", "", VfioRequests.VFIO_GET_API_VERSION, 0x3B64),
        ("VFIO_CHECK_EXTENSION", "", VfioRequests.VFIO_CHECK_EXTENSION, 0x3B65),
        ("VFIO_SET_IOMMU", "", VfioRequests.VFIO_SET_IOMMU, 0x3B66),
        ("VFIO_GROUP_GET_STATUS", "", VfioRequests.VFIO_GROUP_GET_STATUS, 0x3B67),
        ("VFIO_GROUP_SET_CONTAINER", "", VfioRequests.VFIO_GROUP_SET_CONTAINER, 0x3B68),
        ("VFIO_GROUP_GET_DEVICE_FD", "", VfioRequests.VFIO_GROUP_GET_DEVICE_FD, 0x3B6A),
        ("VFIO_DEVICE_GET_INFO", "", VfioRequests.VFIO_DEVICE_GET_INFO, 0x3B6B),
        ("VFIO_DEVICE_GET_REGION_INFO", "", VfioRequests.VFIO_DEVICE_GET_REGION_INFO, 0x3B6C),
        ("VFIO_DEVICE_GET_IRQ_INFO", "", VfioRequests.VFIO_DEVICE_GET_IRQ_INFO, 0x3B6D),
        ("VFIO_DEVICE_SET_IRQS", "", VfioRequests.VFIO_DEVICE_SET_IRQS, 0x3B6E),
        ("VFIO_DEVICE_RESET", "", VfioRequests.VFIO_DEVICE_RESET, 0x3B6F),
        ("VFIO_DEVICE_GET_PCI_HOT_RESET_INFO", "", VfioRequests.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, 0x3B70),
        ("VFIO_DEVICE_PCI_HOT_RESET", "", VfioRequests.VFIO_DEVICE_PCI_HOT_RESET, 0x3B71),
        ("VFIO_IOMMU_MAP_DMA", "", VfioRequests.VFIO_IOMMU_MAP_DMA, 0x3B71),
        ("VFIO_IOMMU_UNMAP_DMA", "", VfioRequests.VFIO_IOMMU_UNMAP_DMA, 0x3B72),
        ("VFIO_DEVICE_FEATURE", "", VfioRequests.VFIO_DEVICE_FEATURE, 0x3B75),
        ("VFIO_DEVICE_BIND_IOMMUFD", "VFIO_DEVICE_BIND_IOMMUFD", VfioRequests.VFIO_DEVICE_BIND_IOMMUFD, 0x3B76),
        ("VFIO_DEVICE_ATTACH_IOMMUFD_PT", "VFIO_DEVICE_ATTACH_IOMMUFD_PT", VfioRequests.VFIO_DEVICE_ATTACH_IOMMUFD_PT, 0x3B77),
        ("IOMMU_IOAS_ALLOC", "IOMMU_IOAS_ALLOC", VfioRequests.IOMMU_IOAS_ALLOC, 0x3B81),
        ("IOMMU_IOAS_MAP", "IOMMU_IOAS_ALLOC", VfioRequests.IOMMU_IOAS_MAP, 0x3B85),
        ("IOMMU_IOAS_UNMAP", "IOMMU_IOAS_ALLOC", VfioRequests.IOMMU_IOAS_UNMAP, 0x3B86),
        ("VFIO_TYPE1v2_IOMMU", "", VfioRequests.VFIO_TYPE1v2_IOMMU, 3),
        ("VFIO_API_VERSION", "", VfioRequests.VFIO_API_VERSION, 0),
        ("VFIO_GROUP_FLAGS_VIABLE", "", VfioGroupStatus.Viable, 1),
        ("VFIO_DEVICE_FLAGS_RESET", "", VfioDeviceInfo.CanReset, 1),
        ("VFIO_DEVICE_FLAGS_PCI", "", VfioDeviceInfo.Pci, 2),
        ("VFIO_REGION_INFO_FLAG_READ", "", VfioRegionInfo.CanRead, 1),
        ("VFIO_REGION_INFO_FLAG_WRITE", "", VfioRegionInfo.CanWrite, 2),
        ("VFIO_REGION_INFO_FLAG_MMAP", "", VfioRegionInfo.CanMap, 4),
        ("VFIO_REGION_INFO_FLAG_CAPS", "", VfioRegionInfo.HasCapabilities, 8),
        ("VFIO_REGION_INFO_CAP_SPARSE_MMAP", "", VfioSparseMap.SparseMap, 1),
        ("VFIO_IRQ_INFO_EVENTFD", "", VfioIrqInfo.EventFd, 1),
        ("VFIO_IRQ_INFO_NORESIZE", "", VfioIrqInfo.NoResize, 8),
        ("VFIO_IRQ_SET_DATA_NONE", "", VfioIrqSet.DataNone, 1),
        ("VFIO_IRQ_SET_DATA_EVENTFD", "", VfioIrqSet.DataEventFd, 4),
        ("VFIO_IRQ_SET_ACTION_UNMASK", "", VfioIrqSet.Unmask, 16),
        ("VFIO_IRQ_SET_ACTION_TRIGGER", "", VfioIrqSet.Trigger, 32),
        ("VFIO_DMA_MAP_FLAG_READ", "", VfioDmaMap.CanRead, 1),
        ("VFIO_DMA_MAP_FLAG_WRITE", "", VfioDmaMap.CanWrite, 2),
        ("VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN", "", VfioTokenFeature.SetToken, 1 << 17),
        ("VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED", "VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED", VfioHotResetInfo.Owned, 2),
        ("VFIO_DEVICE_BIND_FLAG_TOKEN", "VFIO_DEVICE_BIND_FLAG_TOKEN", VfioBindIommufd.HasToken, 1),
        ("IOMMU_IOAS_MAP_FIXED_IOVA", "IOMMU_IOAS_ALLOC", IommuIoasMap.FixedAddress, 1),
        ("IOMMU_IOAS_MAP_WRITEABLE", "IOMMU_IOAS_ALLOC", IommuIoasMap.CanWrite, 2),
        ("IOMMU_IOAS_MAP_READABLE", "IOMMU_IOAS_ALLOC", IommuIoasMap.CanRead, 4),
        ("VFIO_PCI_ROM_REGION_INDEX", "", AssignedRegion.Rom, 6),
        ("VFIO_PCI_CONFIG_REGION_INDEX", "", AssignedRegion.Config, 7),
        ("VFIO_PCI_INTX_IRQ_INDEX", "", (long)AssignedInterrupt.Intx, 0),
        ("VFIO_PCI_MSI_IRQ_INDEX", "", (long)AssignedInterrupt.Msi, 1),
        ("VFIO_PCI_MSIX_IRQ_INDEX", "", (long)AssignedInterrupt.Msix, 2),
        ("VFIO_PCI_ERR_IRQ_INDEX", "", (long)AssignedInterrupt.Error, 3),
        ("VFIO_PCI_REQ_IRQ_INDEX", "", (long)AssignedInterrupt.Request, 4),
        ("sizeof(struct vfio_group_status)", "", sizeof(VfioGroupStatus), 8),
        ("offsetof(struct vfio_group_status, flags)", "", Place<VfioGroupStatus>(v => (byte*)&((VfioGroupStatus*)v)->Flags), 4),
        ("offsetof(struct vfio_device_info, flags)", "", Place<VfioDeviceInfo>(v => (byte*)&((VfioDeviceInfo*)v)->Flags), 4),
        ("offsetof(struct vfio_device_info, num_irqs)", "", Place<VfioDeviceInfo>(v => (byte*)&((VfioDeviceInfo*)v)->Interrupts), 12),
        ("sizeof(struct vfio_region_info)", "", sizeof(VfioRegionInfo), 32),
        ("offsetof(struct vfio_region_info, index)", "", Place<VfioRegionInfo>(v => (byte*)&((VfioRegionInfo*)v)->Index), 8),
        ("offsetof(struct vfio_region_info, cap_offset)", "", Place<VfioRegionInfo>(v => (byte*)&((VfioRegionInfo*)v)->CapabilityOffset), 12),
        ("offsetof(struct vfio_region_info, size)", "", Place<VfioRegionInfo>(v => (byte*)&((VfioRegionInfo*)v)->Size), 16),
        ("offsetof(struct vfio_region_info, offset)", "", Place<VfioRegionInfo>(v => (byte*)&((VfioRegionInfo*)v)->Offset), 24),
        ("offsetof(struct vfio_info_cap_header, next)", "", Place<VfioCapability>(v => (byte*)&((VfioCapability*)v)->Next), 4),
        ("sizeof(struct vfio_info_cap_header)", "", sizeof(VfioCapability), 8),
        ("offsetof(struct vfio_region_info_cap_sparse_mmap, nr_areas)", "", Place<VfioSparseMap>(v => (byte*)&((VfioSparseMap*)v)->Areas), 8),
        ("offsetof(struct vfio_region_info_cap_sparse_mmap, areas)", "", sizeof(VfioSparseMap), 16),
        ("sizeof(struct vfio_region_sparse_mmap_area)", "", 16, 16),
        ("sizeof(struct vfio_irq_info)", "", sizeof(VfioIrqInfo), 16),
        ("offsetof(struct vfio_irq_info, index)", "", Place<VfioIrqInfo>(v => (byte*)&((VfioIrqInfo*)v)->Index), 8),
        ("offsetof(struct vfio_irq_info, count)", "", Place<VfioIrqInfo>(v => (byte*)&((VfioIrqInfo*)v)->Count), 12),
        ("offsetof(struct vfio_irq_set, index)", "", Place<VfioIrqSet>(v => (byte*)&((VfioIrqSet*)v)->Index), 8),
        ("offsetof(struct vfio_irq_set, start)", "", Place<VfioIrqSet>(v => (byte*)&((VfioIrqSet*)v)->Start), 12),
        ("offsetof(struct vfio_irq_set, count)", "", Place<VfioIrqSet>(v => (byte*)&((VfioIrqSet*)v)->Count), 16),
        ("offsetof(struct vfio_irq_set, data)", "", sizeof(VfioIrqSet), 20),
        ("sizeof(struct vfio_iommu_type1_dma_map)", "", sizeof(VfioDmaMap), 32),
        ("offsetof(struct vfio_iommu_type1_dma_map, vaddr)", "", Place<VfioDmaMap>(v => (byte*)&((VfioDmaMap*)v)->HostAddress), 8),
        ("offsetof(struct vfio_iommu_type1_dma_map, iova)", "", Place<VfioDmaMap>(v => (byte*)&((VfioDmaMap*)v)->Address), 16),
        ("offsetof(struct vfio_iommu_type1_dma_map, size)", "", Place<VfioDmaMap>(v => (byte*)&((VfioDmaMap*)v)->Size), 24),
        ("offsetof(struct vfio_iommu_type1_dma_unmap, data)", "", sizeof(VfioDmaUnmap), 24),
        ("offsetof(struct vfio_iommu_type1_dma_unmap, iova)", "", Place<VfioDmaUnmap>(v => (byte*)&((VfioDmaUnmap*)v)->Address), 8),
        ("offsetof(struct vfio_iommu_type1_dma_unmap, size)", "", Place<VfioDmaUnmap>(v => (byte*)&((VfioDmaUnmap*)v)->Size), 16),
        ("offsetof(struct vfio_pci_hot_reset_info, count)", "", Place<VfioHotResetInfo>(v => (byte*)&((VfioHotResetInfo*)v)->Count), 8),
        ("offsetof(struct vfio_pci_hot_reset_info, devices)", "", sizeof(VfioHotResetInfo), 12),
        ("sizeof(struct vfio_pci_dependent_device)", "", sizeof(VfioDependentDevice), 8),
        ("offsetof(struct vfio_pci_dependent_device, segment)", "", Place<VfioDependentDevice>(v => (byte*)&((VfioDependentDevice*)v)->Segment), 4),
        ("offsetof(struct vfio_pci_dependent_device, devfn)", "", Place<VfioDependentDevice>(v => &((VfioDependentDevice*)v)->DeviceAndFunction), 7),
        ("offsetof(struct vfio_pci_hot_reset, count)", "", Place<VfioHotReset>(v => (byte*)&((VfioHotReset*)v)->Count), 8),
        ("offsetof(struct vfio_pci_hot_reset, group_fds)", "", sizeof(VfioHotReset), 12),
        ("offsetof(struct vfio_device_feature, data)", "", Place<VfioTokenFeature>(v => (byte*)&((VfioTokenFeature*)v)->Token), 8),
        ("sizeof(struct vfio_device_bind_iommufd)", "VFIO_DEVICE_BIND_FLAG_TOKEN", sizeof(VfioBindIommufd), 24),
        ("offsetof(struct vfio_device_bind_iommufd, iommufd)", "VFIO_DEVICE_BIND_IOMMUFD", Place<VfioBindIommufd>(v => (byte*)&((VfioBindIommufd*)v)->Iommufd), 8),
        ("offsetof(struct vfio_device_bind_iommufd, out_devid)", "VFIO_DEVICE_BIND_IOMMUFD", Place<VfioBindIommufd>(v => (byte*)&((VfioBindIommufd*)v)->DeviceId), 12),
        ("offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr)", "VFIO_DEVICE_BIND_FLAG_TOKEN", Place<VfioBindIommufd>(v => (byte*)&((VfioBindIommufd*)v)->TokenAddress), VfioBindIommufd.SizeWithoutToken),
        ("offsetof(struct vfio_device_attach_iommufd_pt, pt_id)", "VFIO_DEVICE_ATTACH_IOMMUFD_PT", Place<VfioAttachIommufd>(v => (byte*)&((VfioAttachIommufd*)v)->AddressSpace), 8),
        ("sizeof(struct iommu_ioas_alloc)", "IOMMU_IOAS_ALLOC", sizeof(IommuIoasAlloc), 12),
        ("offsetof(struct iommu_ioas_alloc, out_ioas_id)", "IOMMU_IOAS_ALLOC", Place<IommuIoasAlloc>(v => (byte*)&((IommuIoasAlloc*)v)->AddressSpace), 8),
        ("sizeof(struct iommu_ioas_map)", "IOMMU_IOAS_ALLOC", sizeof(IommuIoasMap), 40),
        ("offsetof(struct iommu_ioas_map, ioas_id)", "IOMMU_IOAS_ALLOC", Place<IommuIoasMap>(v => (byte*)&((IommuIoasMap*)v)->AddressSpace), 8),
        ("offsetof(struct iommu_ioas_map, user_va)", "IOMMU_IOAS_ALLOC", Place<IommuIoasMap>(v => (byte*)&((IommuIoasMap*)v)->HostAddress), 16),
        ("offsetof(struct iommu_ioas_map, length)", "IOMMU_IOAS_ALLOC", Place<IommuIoasMap>(v => (byte*)&((IommuIoasMap*)v)->Length), 24),
        ("offsetof(struct iommu_ioas_map, iova)", "IOMMU_IOAS_ALLOC", Place<IommuIoasMap>(v => (byte*)&((IommuIoasMap*)v)->Address), 32),
        ("sizeof(struct iommu_ioas_unmap)", "IOMMU_IOAS_ALLOC", sizeof(IommuIoasUnmap), 24),
        ("offsetof(struct iommu_ioas_unmap, ioas_id)", "IOMMU_IOAS_ALLOC", Place<IommuIoasUnmap>(v => (byte*)&((IommuIoasUnmap*)v)->AddressSpace), 4),
        ("offsetof(struct iommu_ioas_unmap, iova)", "IOMMU_IOAS_ALLOC", Place<IommuIoasUnmap>(v => (byte*)&((IommuIoasUnmap*)v)->Address), 8),
    ];

    private delegate byte* Locate(void* start);

    [Fact]
    public void Structures_AreThoseThatWereKnown() =>
        Assert.All(_facts, fact => Assert.Equal((fact.Expression, fact.Known), (fact.Expression, fact.Ours)));

    [Fact]
    public void Structures_AreThoseOfTheKernelHeaders()
    {
        Dictionary<string, long> headers = AskTheCompiler();
        Assert.All(headers, fact => Assert.Equal(fact, new(fact.Key, _facts.First(each => each.Expression == fact.Key).Ours)));
        Assert.True(headers.Count >= _facts.Count(fact => fact.Since.Length == 0));
        TestContext.Current.SendDiagnosticMessage("{0} of {1} facts are in this host's headers", headers.Count, _facts.Length);
    }

    private static long Place<T>(Locate locate)
        where T : unmanaged
    {
        T value = default;
        return locate(&value) - (byte*)&value;
    }

    private static Dictionary<string, long> AskTheCompiler()
    {
        string folder = Directory.CreateTempSubdirectory("viaduct-headers-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "facts.c"), Program());
            Run("cc", "-o", Path.Combine(folder, "facts"), Path.Combine(folder, "facts.c"));
            return Run(Path.Combine(folder, "facts"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split('='))
                .ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The names of enumerations are no macros, so those of IOMMUFD stand for its header.
    private static string Program()
    {
        StringBuilder text = new("""
            #include <stddef.h>
            #include <stdio.h>
            #include <sys/ioctl.h>
            #include <linux/vfio.h>
            #if __has_include(<linux/iommufd.h>)
            #include <linux/iommufd.h>
            #endif
            int main(void)
            {

            """);
        foreach ((string expression, string since, _, _) in _facts)
        {
            string say = $"printf(\"%s=%lld\\n\", \"{expression}\", (long long)({expression}));";
            _ = text.Append(since.Length == 0 ? $"{say}\n" : $"#ifdef {since}\n{say}\n#endif\n");
        }

        return text.Append("return 0;\n}\n").ToString();
    }

    private static string Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new InvalidOperationException("this test needs a C compiler and the kernel's headers: apt-get install gcc libc6-dev linux-libc-dev", error);
        }

        using (process)
        {
            string output = process.StandardOutput.ReadToEnd();
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {errors}");
        }
    }
}
