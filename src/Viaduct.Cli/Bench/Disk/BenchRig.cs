using System.Globalization;
using Viaduct.Cli.Serving;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>What the disk bench stands on: a folder for images, the guests' kernel and programs, guests and served controllers. All goes with it.</summary>
internal sealed class BenchRig : IAsyncDisposable
{
    private readonly DiskBenchOptions _options;
    private readonly Action<string> _progress;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-bench-");
    private readonly List<LoadGuest> _guests = [];
    private readonly List<ServedProcess> _controllers = [];
    private GuestKernel? _kernel;
    private string _initrd = "";

    private BenchRig(DiskBenchOptions options, Action<string> progress)
    {
        _options = options;
        _progress = progress;
    }

    /// <summary>Where the images lie.</summary>
    internal string Folder => _folder.FullName;

    /// <summary>Makes one.</summary>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had.</exception>
    internal static async Task<BenchRig> CreateAsync(DiskBenchOptions options, Action<string> progress, CancellationToken cancellation)
    {
        BenchRig rig = new(options, progress);
        try
        {
            DebianPackages packages = new(DebianPackages.DefaultFolder, progress);
            rig._kernel = GuestKernel.Fetch(packages);
            rig._initrd = Path.Combine(rig.Folder, "initrd.img");
            byte[] archive = BusyboxRamDisk.Build(packages, rig._kernel, DiskScript.Modules, DiskScript.Text, FioProgram.Fetch(packages));
            await File.WriteAllBytesAsync(rig._initrd, archive, cancellation);
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an image of a disk, or of several side by side, by their labels.</summary>
    internal string CreateImage(string name, int length, params IReadOnlyList<string> labels)
    {
        string path = Path.Combine(Folder, name + ".img");
        DiskImage.Create(path, length, labels);
        return path;
    }

    /// <summary>Serves an image as an NVMe controller.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="image">Its disk.</param>
    /// <param name="virtualFunctions">How many virtual functions it has, the disk divided among them; zero for a controller without any.</param>
    /// <param name="cancellation">Ends the wait for it.</param>
    /// <returns>The socket, or with virtual functions the folder of sockets.</returns>
    /// <exception cref="ServedProcessException">It didn't come up.</exception>
    internal async Task<string> ServeAsync(string name, string image, int virtualFunctions, CancellationToken cancellation)
    {
        string place = Path.Combine(Folder, virtualFunctions == 0 ? name + ".sock" : name);
        string[] sharing = virtualFunctions == 0 ? [] : ["--vfs", virtualFunctions.ToString(CultureInfo.InvariantCulture)];
        string[] arguments = ["nvme", "--disk", $"path={image}", "--vfio-user", place, .. sharing];
        _controllers.Add(await ServedProcess.StartAsync(name, arguments, System.Console.Error, cancellation));
        return place;
    }

    /// <summary>The socket of a virtual function, counted from 1, of a controller that is served in a folder.</summary>
    internal static string SocketOf(string folder, int virtualFunction) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"vf{virtualFunction}.sock"));

    /// <summary>Boots a guest of ours.</summary>
    /// <exception cref="BenchFailedException">It didn't come up.</exception>
    internal Task<LoadGuest> BootAsync(IReadOnlyList<BenchDisk> disks, CancellationToken cancellation)
    {
        _progress($"booting Linux {_kernel!.Version} with the disk{(disks.Count == 1 ? "" : "s")} {string.Join(", ", disks.Select(disk => disk.Id))}");
        return StartAsync(new ViaductMonitor(Machine(disks)), disks, cancellation);
    }

    /// <summary>Boots a peer's guest, the same but for its monitor.</summary>
    /// <exception cref="BenchFailedException">It didn't come up.</exception>
    internal Task<LoadGuest> BootPeerAsync(QemuProgram program, IReadOnlyList<BenchDisk> disks, CancellationToken cancellation)
    {
        _progress($"booting the same on {program.Version}");
        return StartAsync(new QemuMonitor(program, Machine(disks)), disks, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (LoadGuest guest in _guests)
        {
            guest.Dispose();
        }

        foreach (ServedProcess controller in _controllers)
        {
            await controller.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private async Task<LoadGuest> StartAsync(IDiskMonitor monitor, IReadOnlyList<BenchDisk> disks, CancellationToken cancellation)
    {
        LoadGuest guest = new(monitor, _options.Verbose);
        _guests.Add(guest);
        await guest.StartAsync(disks.Select(disk => disk.Id), cancellation);
        return guest;
    }

    private MachineSpec Machine(IReadOnlyList<BenchDisk> disks) => new()
    {
        Name = "bench",
        Kernel = _kernel!.Image,
        Initrd = _initrd,
        CommandLine = $"console=ttyS0 quiet {DiskScript.DisksVariable}={disks.Count}",
        Engine = _options.Engine,
        Disks = [.. disks.Where(disk => !disk.IsServed).Select(disk => new DiskSpec { Id = disk.Id, Path = disk.Place, Road = disk.Road })],
        Assigned = [.. disks.Where(disk => disk.IsServed).Select(disk => new AssignedSpec { Id = disk.Id, Socket = disk.Place })],
    };
}
