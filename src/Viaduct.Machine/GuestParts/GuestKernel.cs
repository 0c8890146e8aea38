namespace Viaduct.Machine.GuestParts;

/// <summary>A stock Debian kernel, unpacked: its image and its modules.</summary>
/// <param name="Image">The bzImage's path.</param>
/// <param name="Version">As <c>uname -r</c> says.</param>
/// <param name="Modules">Its modules.</param>
public sealed record GuestKernel(string Image, string Version, KernelModules Modules)
{
    private static readonly string[] _libraryPaths = ["lib", "usr/lib"];

    /// <summary>Fetches the kernel that a meta package stands for.</summary>
    /// <param name="packages">Where packages come from.</param>
    /// <param name="metaPackage">The meta package: small and made for virtual machines by default.</param>
    /// <exception cref="GuestPartsException">It can't be had.</exception>
    public static GuestKernel Fetch(DebianPackages packages, string metaPackage = "linux-image-cloud-amd64")
    {
        const string Prefix = "linux-image-";
        string package = packages.Resolve(metaPackage, Prefix);
        string version = package[Prefix.Length..];
        string folder = packages.Unpack(package);
        string? image = FindImage(folder, version);
        if (image is not null)
        {
            return new GuestKernel(image, version, new KernelModules(FindModules(folder, version)));
        }

        // Since Debian 14 the package is but a name for two others.
        string binary = packages.Unpack($"linux-binary-{version}");
        image = FindImage(binary, version) ?? throw Missing(binary, "vmlinuz");
        return new GuestKernel(image, version, new KernelModules(FindModules(packages.Unpack($"linux-modules-{version}"), version)));
    }

    private static string? FindImage(string folder, string version)
    {
        IEnumerable<string> places =
        [
            Path.Combine(folder, "boot", $"vmlinuz-{version}"),
            .. _libraryPaths.Select(root => Path.Combine(folder, root, "modules", version, "vmlinuz")),
        ];
        return places.FirstOrDefault(File.Exists);
    }

    private static string FindModules(string folder, string version) =>
        _libraryPaths.Select(root => Path.Combine(folder, root, "modules", version)).FirstOrDefault(Directory.Exists)
        ?? throw Missing(folder, $"lib/modules/{version}");

    private static GuestPartsException Missing(string folder, string what) =>
        new($"{folder} has no {what}: remove the folder and try again");
}
