using System.Globalization;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>
/// Boots and workloads of one kernel and RAM disk on Viaduct, on a peer and without any monitor. Each is a process of its
/// own, asked on its console; they take turns run by run, so that what the machine does besides meets all.
/// </summary>
internal sealed class WorkloadBench : IDisposable
{
    private const string Memory = "1024M";
    private const string CommandLine = "console=ttyS0 quiet";

    private readonly WorkloadOptions _options;
    private readonly Action<string> _progress;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-bench-");
    private readonly List<WorkloadSubject> _subjects = [];

    /// <param name="options">What to measure.</param>
    /// <param name="progress">Told what is done.</param>
    internal WorkloadBench(WorkloadOptions options, Action<string> progress)
    {
        _options = options;
        _progress = progress;
    }

    /// <summary>Measures.</summary>
    /// <exception cref="GuestPartsException">The guest's kernel or programs can't be had.</exception>
    /// <exception cref="BenchFailedException">A guest failed.</exception>
    internal async Task<WorkloadReport> RunAsync(CancellationToken cancellation)
    {
        DebianPackages packages = new(DebianPackages.DefaultFolder, _progress);
        GuestKernel kernel = GuestKernel.Fetch(packages);
        string initrd = Path.Combine(_folder.FullName, "initrd.img");
        IReadOnlyList<RamDiskFile> programs = TinyProgram.Files();
        byte[] archive = BusyboxRamDisk.Build(packages, kernel, [], WorkloadScript.ForGuest(), programs);
        await File.WriteAllBytesAsync(initrd, archive, cancellation);

        // What is compared is the software engine, with TCG, unless another is asked for.
        string engine = _options.Engine == EngineChoice.Kvm ? "kvm" : "software";
        (string accelerator, string model) = _options.Engine == EngineChoice.Kvm ? ("kvm", "host") : ("tcg", "max");
        string cpus = _options.Cpus.ToString(CultureInfo.InvariantCulture);
        WorkloadSubject own = Add("Viaduct", Environment.ProcessPath!,
            "run", "--engine", engine, "--tier", _options.Tier, "--cpus", cpus, "--memory", Memory, "--kernel", kernel.Image, "--initrd", initrd, "--append", CommandLine);
        WorkloadSubject? peer = _options.Peer is { } qemu ? Add($"{qemu.Version} ({accelerator.ToUpperInvariant()})", qemu.Path,
            "-accel", accelerator, "-machine", "q35", "-cpu", model, "-smp", cpus, "-m", Memory, "-no-user-config", "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", "stdio", "-kernel", kernel.Image, "-initrd", initrd, "-append", CommandLine) : null;
        await BootAsync(kernel.Version, cancellation);
        string busybox = PrepareHost(packages, programs);
        WorkloadSubject native = Add("native", busybox, "sh", Path.Combine(_folder.FullName, "script"));
        await native.StartAsync(cancellation);
        await MeasureAsync(cancellation);
        return new WorkloadReport(engine, _options.Workloads, own, peer, native);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (WorkloadSubject subject in _subjects)
        {
            subject.Running?.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private WorkloadSubject Add(string title, string program, params string[] arguments)
    {
        WorkloadSubject subject = new(title, () => new WorkloadProcess(title, program, arguments, _options.Verbose));
        _subjects.Add(subject);
        return subject;
    }

    private async Task BootAsync(string kernel, CancellationToken cancellation)
    {
        for (int run = 1; run <= _options.Runs; run++)
        {
            foreach (WorkloadSubject subject in _subjects)
            {
                await subject.StartAsync(cancellation);
                _progress($"boot {run} of {_options.Runs} of Linux {kernel}: {subject.Title} {Describe(subject.Starts[^1])}");
            }
        }
    }

    private async Task MeasureAsync(CancellationToken cancellation)
    {
        foreach (Workload workload in _options.Workloads)
        {
            for (int run = 1; run <= _options.Runs; run++)
            {
                foreach (WorkloadSubject subject in _subjects)
                {
                    WorkloadSample sample = await subject.RunAsync(workload, cancellation);
                    _progress($"{workload.Title}, run {run} of {_options.Runs}: {subject.Title} {Describe(sample)}");
                }
            }
        }
    }

    // busybox and the tiny programs in a folder, with what the script calls them.
    private string PrepareHost(DebianPackages packages, IReadOnlyList<RamDiskFile> programs)
    {
        string folder = Path.Combine(_folder.FullName, "bin");
        Directory.CreateDirectory(folder);
        string busybox = Path.Combine(folder, "busybox");
        Write(busybox, File.ReadAllBytes(BusyboxRamDisk.FindBusybox(packages)));
        foreach (string applet in Workload.Applets)
        {
            File.CreateSymbolicLink(Path.Combine(folder, applet), "busybox");
        }

        foreach (RamDiskFile program in programs)
        {
            Write(Path.Combine(_folder.FullName, program.Path), program.Contents.Span);
        }

        File.WriteAllText(Path.Combine(_folder.FullName, "script"), WorkloadScript.ForHost(_folder.FullName));
        return busybox;
    }

    private static void Write(string path, ReadOnlySpan<byte> contents)
    {
        File.WriteAllBytes(path, contents);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string Describe(WorkloadSample sample) =>
        string.Create(CultureInfo.InvariantCulture, $"{sample.Seconds:F2} s, {sample.CpuSeconds:F2} s of CPU");
}
