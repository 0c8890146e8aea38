using System.Text;

namespace Viaduct.Machine.GuestParts;

/// <summary>An initial RAM disk with busybox, some modules and an init script: the smallest stock user land.</summary>
public static class BusyboxRamDisk
{
    private static readonly string[] _busyboxPaths = ["bin/busybox", "usr/bin/busybox"];

    /// <summary>Makes one.</summary>
    /// <param name="packages">Where busybox comes from.</param>
    /// <param name="kernel">Whose modules go in.</param>
    /// <param name="modules">Modules to load before the script, in order, with all they need.</param>
    /// <param name="script">What runs then, by busybox's shell, with /proc, /sys and /dev mounted.</param>
    /// <param name="files">What else goes in, or null.</param>
    /// <returns>The archive.</returns>
    /// <exception cref="GuestPartsException">busybox can't be had.</exception>
    public static byte[] Build(
        DebianPackages packages, GuestKernel kernel, ReadOnlySpan<string> modules, string script, IReadOnlyList<RamDiskFile>? files = null)
    {
        string busybox = FindBusybox(packages);
        CpioArchive archive = new();
        foreach (string path in (ReadOnlySpan<string>)["bin", "dev", "proc", "sys", "tmp", "mnt", "modules"])
        {
            archive.AddFolder(path);
        }

        archive.AddFile("bin/busybox", File.ReadAllBytes(busybox), executable: true);
        archive.AddLink("bin/sh", "busybox");
        foreach (RamDiskFile file in files ?? [])
        {
            archive.AddFile(file.Path, file.Contents.Span, file.Executable);
        }

        StringBuilder init = new("""
            #!/bin/busybox sh
            /bin/busybox mkdir -p /sbin /usr/bin /usr/sbin
            /bin/busybox --install -s
            mount -t proc proc /proc
            mount -t sysfs sysfs /sys
            mount -t devtmpfs devtmpfs /dev

            """);
        foreach (string module in kernel.Modules.Order(modules))
        {
            archive.AddFile($"modules/{module}.ko", kernel.Modules.Read(module));
            init.Append("insmod /modules/").Append(module).Append(".ko\n");
        }

        init.Append(script).Append('\n');
        archive.AddFile("init", Encoding.UTF8.GetBytes(init.ToString()), executable: true);
        return archive.Finish();
    }

    /// <summary>The program itself, which runs on the host as well.</summary>
    /// <exception cref="GuestPartsException">It can't be had.</exception>
    public static string FindBusybox(DebianPackages packages)
    {
        string folder = packages.Unpack("busybox-static");
        return _busyboxPaths
            .Select(path => Path.Combine(folder, path))
            .FirstOrDefault(File.Exists)
            ?? throw new GuestPartsException($"{folder} has no bin/busybox: remove the folder and try again");
    }
}
