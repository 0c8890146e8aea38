using System.Diagnostics;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Lab.Outer;

/// <summary>What outer machines and their guests are made of, made once: the host's folders that eng/lab.sh prints, and guests' parts.</summary>
internal sealed class LabParts
{
    private static readonly string[] _outerModules =
    [
        "virtio_pci", "virtio_console", "virtio_net", "9p", "9pnet_virtio", "overlay", "kvm-amd", "vfio-pci", "vfio_iommu_type1",
        "igb", "igbvf", "nvme",
    ];

    private static readonly Lazy<LabParts> _made = new(Make);

    private readonly Dictionary<string, string> _folders;
    private readonly Lazy<byte[]> _initrd;

    private LabParts(Dictionary<string, string> folders)
    {
        _folders = folders;
        Packages = new DebianPackages(DebianPackages.DefaultFolder, Console.Error.WriteLine);
        Kernel = GuestKernel.Fetch(Packages);
        Fio = FioProgram.Fetch(Packages);
        string modules = Directory.GetDirectories(Path.Combine(Tree, "usr/lib/modules")).Single();
        OuterKernel = new GuestKernel(Path.Combine(modules, "vmlinuz"), Path.GetFileName(modules), new KernelModules(modules));
        _initrd = new Lazy<byte[]>(() => BusyboxRamDisk.Build(Packages, OuterKernel, _outerModules, Resource("init.sh")));
    }

    /// <summary>
    /// The parts; made when they are asked for first, which takes minutes then.
    /// </summary>
    /// <exception cref="OuterMachineException">They can't be had.</exception>
    /// <exception cref="GuestPartsException">Guests' parts can't be had.</exception>
    internal static LabParts Made => _made.Value;

    /// <summary>The root of the source tree.</summary>
    internal static string Sources { get; } = FindSources();

    /// <summary>The Debian tree, which is the outer machine's root. QEMU in it runs on the host as well.</summary>
    internal string Tree => _folders["TREE"];

    /// <summary>Viaduct, published.</summary>
    internal string Viaduct => _folders["VIADUCT"];

    /// <summary>.NET as it is on the host.</summary>
    internal string Dotnet => _folders["DOTNET"];

    /// <summary>Where guests' parts come from.</summary>
    internal DebianPackages Packages { get; }

    /// <summary>The kernel that <c>viaduct demo</c> gives its guests.</summary>
    internal GuestKernel Kernel { get; }

    /// <summary>The load generator, for a guest's RAM disk.</summary>
    internal IReadOnlyList<RamDiskFile> Fio { get; }

    /// <summary>The outer machine's kernel, which guests can be given too: it has drivers for all that the lab has.</summary>
    internal GuestKernel OuterKernel { get; }

    /// <summary>The outer machine's initial RAM disk.</summary>
    internal byte[] Initrd => _initrd.Value;

    /// <summary>A text of this program.</summary>
    internal static string Resource(string name)
    {
        using StreamReader reader = new(typeof(LabParts).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static LabParts Make()
    {
        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(Sources, "eng/lab.sh")) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? new LabParts(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(part => part[0], part => part[1]))
            : throw new OuterMachineException($"the lab can't be made: eng/lab.sh ended with status {process.ExitCode} and said why on standard error");
    }

    private static string FindSources()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Viaduct.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new OuterMachineException("the lab's tests don't lie in the source tree");
    }
}
