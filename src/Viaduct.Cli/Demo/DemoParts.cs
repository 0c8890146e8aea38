using Viaduct.Machine.GuestParts;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Demo;

/// <summary>What the demonstration's guests are made of, in its temporary folder.</summary>
internal sealed class DemoParts(string folder, DebianPackages packages, GuestKernel kernel, byte[] contents)
{
    /// <summary>The kernel that all of them boot.</summary>
    internal GuestKernel Kernel => kernel;

    /// <summary>A path in the folder.</summary>
    internal string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>A disk with the contents that all of them have.</summary>
    internal DemoDisk NewDisk(Road road, string file, string name) => DemoDisk.Create(road, PathOf($"{file}.img"), name, contents);

    /// <summary>The initial RAM disk of a guest that works on some disks.</summary>
    internal string NewInitrd(string guest, IReadOnlyList<DemoDisk> disks)
    {
        string path = PathOf($"{guest}.initrd");
        string script = DemoScript.For(disks.Select(disk => disk.Name), Demonstration.Mebibytes);
        File.WriteAllBytes(path, BusyboxRamDisk.Build(packages, kernel, DemoScript.Modules, script));
        return path;
    }
}
