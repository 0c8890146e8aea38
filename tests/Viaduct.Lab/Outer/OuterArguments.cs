using System.Globalization;

namespace Viaduct.Lab.Outer;

/// <summary>The command line of QEMU for an outer machine. QEMU comes from the lab's tree and is started by the tree's own loader.</summary>
internal static class OuterArguments
{
    // On a busy host the kernel would find that its timer doesn't work, and panic; or that its time stamp counter isn't true,
    // which QEMU's is, and take a clock that is slow to read.
    private const string CommandLine = "console=ttyS0 panic=-1 intel_iommu=on iommu=nopt no_timer_check nowatchdog tsc=reliable";

    /// <summary>The loader, which is the program to start.</summary>
    internal static string Loader(LabParts parts) => Path.Combine(parts.Tree, "lib64/ld-linux-x86-64.so.2");

    /// <summary>Its arguments where tests run the machine: the agent on standard input and output, the console in a file.</summary>
    internal static List<string> ForTests(LabParts parts, OuterOptions options, string folder) =>
    [
        .. Common(parts, options, folder), "-append", CommandLine,
        "-serial", $"file:{Path.Combine(folder, "console.log")}",
        "-chardev", "stdio,id=agent,signal=off",
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=agent",
    ];

    /// <summary>Its arguments where a person has the console.</summary>
    internal static List<string> ForShell(LabParts parts, OuterOptions options, string folder) =>
        [.. Common(parts, options, folder), "-append", CommandLine + " quiet lab=shell", "-serial", "mon:stdio"];

    private static List<string> Common(LabParts parts, OuterOptions options, string folder)
    {
        string initrd = Path.Combine(folder, "initrd.img");
        File.WriteAllBytes(initrd, parts.Initrd);
        string disk = Path.Combine(folder, "nvme.img");
        using (FileStream file = File.Create(disk))
        {
            file.SetLength((long)options.DiskLength << 20);
        }

        string number(int value) => value.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "--library-path", Path.Combine(parts.Tree, "usr/lib/x86_64-linux-gnu"), Path.Combine(parts.Tree, "usr/bin/qemu-system-x86_64"),
            "-L", Path.Combine(parts.Tree, "usr/share/qemu"), "-L", Path.Combine(parts.Tree, "usr/share/seabios"),
            "-name", options.Name, "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", number(options.Cpus),
            "-m", number(options.Memory), "-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
            "-kernel", parts.OuterKernel.Image, "-initrd", initrd,
            "-device", "intel-iommu,intremap=on,caching-mode=on",
            "-device", "nvme-subsys,id=subsystem", "-device", "pcie-root-port,id=port0,slot=1,chassis=1",
            "-blockdev", $"driver=raw,node-name=disk,discard=unmap,file.driver=file,file.filename={disk.Replace(",", ",,", StringComparison.Ordinal)}",
            "-device", "nvme,serial=lab,id=nvme,subsys=subsystem,bus=port0,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=16,msix_qsize=16",
            "-device", "nvme-ns,drive=disk,bus=nvme",
            "-netdev", "user,id=host,restrict=on", "-netdev", "hubport,id=host-hub,hubid=0,netdev=host",
            "-netdev", "hubport,id=own-hub,hubid=0", "-device", "virtio-net-pci,netdev=own-hub,mac=52:54:00:00:00:00,romfile=",
        ];
        for (int port = 1; port <= options.NetworkPorts; port++)
        {
            arguments.AddRange(
                "-device", $"pcie-root-port,id=port{port},slot={port + 1},chassis={port + 1}",
                "-netdev", $"hubport,id=igb{port}-hub,hubid=0", "-device", $"igb,bus=port{port},netdev=igb{port}-hub,mac=52:54:00:00:00:0{port}");
        }

        arguments.AddRange(Shared("tree", parts.Tree, isReadOnly: true));
        arguments.AddRange(Shared("viaduct", parts.Viaduct, isReadOnly: true));
        arguments.AddRange(Shared("dotnet", parts.Dotnet, isReadOnly: true));
        arguments.AddRange(Shared("cache", parts.Packages.Folder, isReadOnly: true));
        arguments.AddRange(Shared("lab", folder, isReadOnly: false));
        return arguments;
    }

    private static string[] Shared(string name, string folder, bool isReadOnly) =>
    [
        "-fsdev", $"local,id=fs-{name},path={folder.Replace(",", ",,", StringComparison.Ordinal)},security_model=none{(isReadOnly ? ",readonly=on" : "")}",
        "-device", $"virtio-9p-pci,fsdev=fs-{name},mount_tag={name}",
    ];
}
