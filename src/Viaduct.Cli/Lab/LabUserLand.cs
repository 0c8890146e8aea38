using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Cli.Lab;

/// <summary>Debian's kernel and RAM disks for guests that want them; fetched once they are asked for.</summary>
internal sealed class LabUserLand
{
    private readonly LabFolder _folder;
    private readonly DebianPackages _packages;
    private GuestKernel? _kernel;

    /// <param name="folder">Where RAM disks go.</param>
    /// <param name="progress">Told what is fetched.</param>
    internal LabUserLand(LabFolder folder, Action<string> progress)
    {
        _folder = folder;
        _packages = new DebianPackages(DebianPackages.DefaultFolder, progress);
    }

    private GuestKernel Kernel => _kernel ??= GuestKernel.Fetch(_packages);

    /// <summary>A guest's kernel and initial RAM disk.</summary>
    /// <exception cref="GuestPartsException">They can't be had.</exception>
    internal (string Kernel, string? Initrd) For(LabGuest guest)
    {
        if (guest.Kernel is { } kernel)
        {
            return (kernel, guest.Initrd);
        }

        return (Kernel.Image, guest.Initrd ?? RamDisk(guest));
    }

    private string RamDisk(LabGuest guest)
    {
        string path = _folder.Path($"{guest.Name}-initrd.img");
        string[] modules = [.. guest.Modules ?? LabScript.Modules(guest)];
        File.WriteAllBytes(path, BusyboxRamDisk.Build(_packages, Kernel, modules, LabScript.For(guest), LabScript.Programs));
        return path;
    }
}
