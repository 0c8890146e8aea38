using Viaduct.Machine.GuestParts;

namespace Viaduct.Guests.Support;

/// <summary>A stock kernel, busybox, and a temporary folder for what a test adds to them.</summary>
internal sealed class GuestFiles : IDisposable
{
    private static readonly Lazy<(DebianPackages Packages, GuestKernel Kernel)> _parts = new(Fetch);

    private int _disks;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-guest-");

    /// <summary>The kernel, downloaded once: an exception says what to do where it can't be.</summary>
    internal static GuestKernel Kernel => _parts.Value.Kernel;

    /// <summary>busybox, which runs on the host as well.</summary>
    internal static string Busybox => BusyboxRamDisk.FindBusybox(_parts.Value.Packages);

    /// <summary>The load generator fio.</summary>
    internal static IReadOnlyList<RamDiskFile> Fio => FioProgram.Fetch(_parts.Value.Packages);

    /// <summary>Writes an initial RAM disk that loads the disks' drivers and runs a script.</summary>
    /// <returns>Its path.</returns>
    internal string RamDisk(string script, IReadOnlyList<RamDiskFile>? files = null) => RamDisk(Kernel, script, files);

    /// <summary>Writes one for another kernel.</summary>
    /// <returns>Its path.</returns>
    internal string RamDisk(GuestKernel kernel, string script, IReadOnlyList<RamDiskFile>? files = null)
    {
        string path = System.IO.Path.Combine(_folder.FullName, $"initrd{_disks++}.img");
        string[] modules = ["nvme", "virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "virtio_console"];
        File.WriteAllBytes(path, BusyboxRamDisk.Build(_parts.Value.Packages, kernel, modules, script, files));
        return path;
    }

    /// <summary>Writes a file.</summary>
    /// <returns>Its path.</returns>
    internal string Write(string name, byte[] contents)
    {
        string path = System.IO.Path.Combine(_folder.FullName, name);
        File.WriteAllBytes(path, contents);
        return path;
    }

    /// <summary>The path of a file that isn't there yet.</summary>
    internal string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    private static (DebianPackages Packages, GuestKernel Kernel) Fetch()
    {
        DebianPackages packages = new(DebianPackages.DefaultFolder, static _ => { });
        return (packages, GuestKernel.Fetch(packages));
    }
}
