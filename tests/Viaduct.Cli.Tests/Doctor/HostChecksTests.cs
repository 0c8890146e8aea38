using Viaduct.Cli.Doctor.Host;

namespace Viaduct.Cli.Tests.Doctor;

public sealed class HostChecksTests : IDisposable
{
    private const string Dmar = "sys/firmware/acpi/tables/DMAR";
    private const string Ivrs = "sys/firmware/acpi/tables/IVRS";
    private const string Group = "sys/kernel/iommu_groups/0";
    private const string Device = "sys/bus/pci/devices/0000:01:00.0";

    private readonly HostTree _host = new();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("dmar0", "VT-d (dmar0), 1 group of devices")]
    [InlineData("ivhd0", "AMD-Vi (ivhd0), 1 group of devices")]
    public void Iommu_WithGroups_IsThere(string unit, string reason)
    {
        _ = _host.WithFolder(Group).WithFolder($"sys/class/iommu/{unit}").With(Dmar);
        Assert.Equal(new HostFinding("iommu", true, reason, ""), IommuCheck.Look(_host.Files));
    }

    [Theory]
    [InlineData(Dmar, "console=ttyS0", "doesn't use it", "intel_iommu=on to the kernel's command line")]
    [InlineData(Dmar, "intel_iommu=on", "yet there is no group", "dmesg | grep -i dmar")]
    [InlineData(Dmar, "intel_iommu=off", "switched off on the kernel's command line, by intel_iommu=off", "take intel_iommu=off off")]
    [InlineData(Ivrs, "quiet amd_iommu=off", "by amd_iommu=off", "take amd_iommu=off off")]
    [InlineData(Ivrs, "quiet", "AMD-Vi (ACPI table IVRS)", "CONFIG_AMD_IOMMU")]
    public void Iommu_ThatTheKernelDoesNotUse_IsOneOfItsCommandLine(string table, string line, string reason, string remedy) =>
        Says(IommuCheck.Look(_host.With(table).With("proc/cmdline", line + "\n").Files), reason, remedy);

    [Theory]
    [InlineData(HostTree.IntelBare, "VT-d is absent, or off in the firmware", "Intel VT-d")]
    [InlineData(HostTree.AmdBare, "AMD-Vi is absent, or off in the firmware", "SVM Mode")]
    [InlineData(HostTree.IntelGuest, "this host is a virtual machine", "-device intel-iommu")]
    [InlineData("", "VT-d is absent", "firmware's set-up")]
    public void Iommu_ThatIsNotThere_IsOneOfTheFirmwares(string processor, string reason, string remedy) =>
        Says(IommuCheck.Look(_host.With("proc/cpuinfo", processor).Files), reason, remedy);

    [Fact]
    public void Remapping_IsSeenByTheInterruptsNames()
    {
        _ = _host.WithFolder(Group).With("proc/interrupts", "  24:  0  IR-PCI-MSIX-0000:01:00.0  0-edge  eth0\n");
        Assert.True(InterruptRemappingCheck.Look(_host.Files).Usable);
    }

    [Theory]
    [InlineData("intremap=off", HostTree.IntelBare, "by intremap=off", "take intremap=off off")]
    [InlineData("", HostTree.IntelBare, "off", "firmware's set-up")]
    [InlineData("", HostTree.IntelGuest, "off", "intremap=on")]
    public void Remapping_ThatIsOff_IsTold(string line, string processor, string reason, string remedy) =>
        Says(
            InterruptRemappingCheck.Look(_host.WithFolder(Group).With("proc/cmdline", line).With("proc/cpuinfo", processor).With("proc/interrupts", " 24: 0 PCI-MSI eth0").Files),
            reason, remedy);

    [Fact]
    public void Remapping_ThatVfioDoesWithout_IsTold() =>
        Says(InterruptRemappingCheck.Look(_host.WithFolder(Group).With("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n").Files), "allow_unsafe_interrupts", "firmware");

    [Fact]
    public void Vfio_WithoutItsDriver_IsAModuleToLoad() => Says(VfioCheck.Look(_host.Files, _ => true), "no driver vfio-pci", "modprobe vfio-pci");

    [Fact]
    public void Vfio_WithoutItsFiles_IsAModuleToLoad() =>
        Says(VfioCheck.Look(_host.WithFolder("sys/bus/pci/drivers/vfio-pci").Files, _ => true), "/dev/vfio/vfio", "vfio_iommu_type1");

    [Fact]
    public void Vfio_ThatThisUserMayNotHave_IsTold()
    {
        _ = _host.WithFolder("sys/bus/pci/drivers/vfio-pci").With("dev/vfio/vfio").With("dev/vfio/7").With("dev/vfio/8");
        Says(VfioCheck.Look(_host.Files, path => path.EndsWith('8')), "may not open /dev/vfio/7", "chown USER /dev/vfio/7");
        Assert.Contains("2 files of devices for guests: /dev/vfio/7, /dev/vfio/8", VfioCheck.Look(_host.Files, _ => true).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CapEff:\t000001ffffffffff", "Max locked memory         8388608              8388608              bytes", true, "CAP_IPC_LOCK")]
    [InlineData("CapEff:\t0000000000000000", "Max locked memory         unlimited            unlimited            bytes", true, "no limit")]
    [InlineData("CapEff:\t0000000000000000", "Max locked memory         8388608              8388608              bytes", false, "at most 8M")]
    [InlineData("CapEff:\t0000000000000000", "Max locked memory         68719476736          68719476736          bytes", true, "less than 64G")]
    public void LockedMemory_IsWhatLimitsAndRightsSay(string status, string limits, bool usable, string reason)
    {
        HostFinding finding = MemoryLockCheck.Look(_host.With("proc/self/status", $"Name:\tx\n{status}\n").With("proc/self/limits", $"Limit\n{limits}\n").Files);
        Assert.Equal(usable, finding.Usable);
        Assert.Contains(reason, finding.Reason, StringComparison.Ordinal);
        Assert.Equal(usable, finding.Remedy.Length == 0);
    }

    [Fact]
    public void Sriov_OfADevice_IsThere()
    {
        _ = _host.With($"{Device}/sriov_totalvfs", "7\n").With($"{Device}/sriov_numvfs", "2\n");
        Assert.Equal(new HostFinding("sr-iov", true, "0000:01:00.0 (2 of 7 virtual functions)", ""), SriovCheck.Look(_host.Files));
    }

    [Fact]
    public void Sriov_ThatMayHaveNoFunctions_IsTheFirmwares() =>
        Says(SriovCheck.Look(_host.With($"{Device}/sriov_totalvfs", "0\n").Files), "0000:01:00.0 could", "firmware's set-up");

    [Fact]
    public void Sriov_InAKernelWithoutIt_IsSeenInTheRegisters()
    {
        byte[] space = new byte[4096];
        (space[0x100], space[0x102], space[0x103]) = (0x01, 0x01, 0x15);
        (space[0x150], space[0x152]) = (0x10, 0x01);
        Says(SriovCheck.Look(_host.With($"{Device}/config", space).Files), "0000:01:00.0 could", "CONFIG_PCI_IOV");
    }

    [Fact]
    public void Sriov_OfACapabilityListThatIsACircle_IsNotSearchedForEver()
    {
        byte[] space = new byte[4096];
        (space[0x100], space[0x102], space[0x103]) = (0x01, 0x01, 0x10);
        Says(SriovCheck.Look(_host.With($"{Device}/config", space).Files), "no device", "viaduct serve");
    }

    [Theory]
    [InlineData(HostTree.AmdBare, "no KVM loaded", "modprobe kvm_amd")]
    [InlineData(HostTree.IntelBare, "no KVM loaded", "modprobe kvm_intel")]
    [InlineData(HostTree.IntelGuest, "this host is a virtual machine", "nested=1")]
    [InlineData("vendor_id : GenuineIntel\nflags : fpu\n", "the firmware has it off", "VT-x")]
    [InlineData("vendor_id : AuthenticAMD\nflags : fpu\n", "the firmware has it off", "SVM Mode")]
    public void Kvm_ThatIsNotThere_IsTheKernelsTheFirmwaresOrTheHypervisors(string processor, string reason, string remedy)
    {
        (string Reason, string Remedy)? found = VirtualizationCheck.Look(_host.With("proc/cpuinfo", processor).Files);
        Assert.Contains(reason, found!.Value.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, found.Value.Remedy, StringComparison.Ordinal);
        Assert.Null(VirtualizationCheck.Look(_host.With("dev/kvm").Files));
    }

    private static void Says(HostFinding finding, string reason, string remedy)
    {
        Assert.False(finding.Usable);
        Assert.Contains(reason, finding.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, finding.Remedy, StringComparison.Ordinal);
    }
}
