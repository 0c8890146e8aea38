using Viaduct.Machine.GuestParts;

namespace Viaduct.Guests.Support;

/// <summary>
/// Stock kernels of other flavours and releases: each subfolder of the folder that VIADUCT_KERNELS names is one, the
/// kernel's package or packages unpacked into it.
/// </summary>
internal static class OtherKernels
{
    internal const string Variable = "VIADUCT_KERNELS";

    private static string? Folder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Their names; none where the variable isn't set.</summary>
    internal static IEnumerable<string> Names =>
        Folder is { } folder ? Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal) : [];

    /// <summary>One by its name.</summary>
    internal static GuestKernel Find(string name)
    {
        // Debian's packages had the image in boot/ for long, and have it beside the modules since Debian 14.
        string folder = Path.Combine(Folder!, name);
        string modules = Directory.EnumerateDirectories(folder, "kernel", SearchOption.AllDirectories)
            .Select(path => Path.GetDirectoryName(path)!)
            .First(path => Path.GetFileName(Path.GetDirectoryName(path)) == "modules");
        string image = Directory.EnumerateFiles(folder, "vmlinuz*", SearchOption.AllDirectories).First();
        return new GuestKernel(image, Path.GetFileName(modules), new KernelModules(modules));
    }
}
