namespace Viaduct.Machine.GuestParts;

/// <summary>A stock Debian kernel, unpacked: its image and its modules.</summary>
/// <param name="Image">The bzImage's path.</param>
/// <param name="Version">As <c>uname -r</c> says.</param>
/// <param name="Modules">Its modules.</param>
public sealed record GuestKernel(string Image, string Version, KernelModules Modules)
{
    private static readonly string[] s_libraryPaths = ["lib", "usr/lib"];

    /// <summary>Fetches the kernel that a meta package stands for.</summary>
    /// <param name="packages">Where packages come from.</param>
    /// <param name="metaPackage">The meta package: small and made for virtual machines by default.</param>
    /// <exception cref="GuestPartsException">It can't be had.</exception>
    public static GuestKernel Fetch(DebianPackages packages, string metaPackage = "linux-image-cloud-amd64")
    {
        string folder = packages.Unpack(packages.Resolve(metaPackage, "linux-image-"));
        string image = Directory.GetFiles(Path.Combine(folder, "boot"), "vmlinuz-*").FirstOrDefault()
            ?? throw new GuestPartsException($"{folder} has no boot/vmlinuz-*: remove the folder and try again");
        string version = Path.GetFileName(image)["vmlinuz-".Length..];
        string modules = s_libraryPaths
            .Select(root => Path.Combine(folder, root, "modules", version))
            .FirstOrDefault(Directory.Exists)
            ?? throw new GuestPartsException($"{folder} has no lib/modules/{version}: remove the folder and try again");
        return new GuestKernel(image, version, new KernelModules(modules));
    }
}
