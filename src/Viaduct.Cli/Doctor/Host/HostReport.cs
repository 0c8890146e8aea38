using System.Runtime.InteropServices;

namespace Viaduct.Cli.Doctor.Host;

/// <summary>What this host has for its own devices to be guests'.</summary>
/// <param name="Iommu">An IOMMU.</param>
/// <param name="Remapping">Interrupt remapping.</param>
/// <param name="Vfio">The kernel's VFIO.</param>
/// <param name="Memory">Locked memory.</param>
/// <param name="Sriov">Devices with virtual functions.</param>
internal sealed partial record HostReport(HostFinding Iommu, HostFinding Remapping, HostFinding Vfio, HostFinding Memory, HostFinding Sriov)
{
    private const int ReadAndWrite = 4 | 2;

    /// <summary>All of them.</summary>
    internal IReadOnlyList<HostFinding> All => [Iommu, Remapping, Vfio, Memory, Sriov];

    /// <summary>The first that keeps devices of the host from guests; null where none does.</summary>
    internal HostFinding? KeepsDevices => ((IEnumerable<HostFinding>)[Iommu, Vfio, Remapping, Memory]).FirstOrDefault(each => !each.Usable);

    /// <summary>The first that keeps virtual functions of the host's devices from guests; null where none does.</summary>
    internal HostFinding? KeepsFunctions => Sriov.Usable ? KeepsDevices : Sriov;

    /// <summary>Looks at a host.</summary>
    internal static HostReport Look(HostFiles files) => new(
        IommuCheck.Look(files),
        InterruptRemappingCheck.Look(files),
        VfioCheck.Look(files, path => access(path, ReadAndWrite) == 0),
        MemoryLockCheck.Look(files),
        SriovCheck.Look(files));

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int access(string path, int mode);
}
