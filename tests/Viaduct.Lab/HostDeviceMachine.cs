using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>An outer machine whose devices are given to guests by VFIO.</summary>
public sealed class HostDeviceMachine : OuterFixture
{
    /// <summary>The NVMe controller.</summary>
    internal const string Disk = "0000:01:00.0";

    /// <summary>The port of the 82576.</summary>
    internal const string Port = "0000:02:00.0";

    /// <summary>The address of a guest on the wire, whose other end is the host's.</summary>
    internal const string Address = "10.0.2.99/24";

    /// <summary>Describes it.</summary>
    public HostDeviceMachine()
        : base(new OuterOptions { Name = "vfio", Cpus = 2, DiskLength = 64 })
    {
    }

    private protected override async Task PrepareAsync() =>
        await Machine.OutputAsync("modprobe -a vfio-pci vfio_iommu_type1 igb igbvf nvme");

    /// <summary>A guest's command: a kernel with all drivers, a RAM disk with a script, and devices.</summary>
    internal string Guest(string name, string script, params string[] devices)
    {
        string disk = Machine.WriteRamDisk(Machine.Parts.OuterKernel, $"{name}.img", ["nvme", "igb", "igbvf"], script);
        return $"viaduct run --engine kvm --name {name} --memory 192M --kernel {Machine.PathOf(Machine.Parts.OuterKernel)} --initrd {disk} --append 'console=ttyS0 quiet panic=1' "
            + string.Join(' ', devices.Select(device => $"--assign {device}"));
    }
}
