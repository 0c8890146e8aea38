using System.Diagnostics;
using System.Globalization;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Serial;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>QEMU's machine q35 on its TCG, as a process.</summary>
internal sealed class QemuMonitor : IDiskMonitor
{
    private const int ErrorLines = 5;

    private readonly QemuProgram _program;
    private readonly MachineSpec _spec;
    private readonly Queue<string> _errors = new();
    private Process? _process;

    /// <param name="program">Which QEMU.</param>
    /// <param name="spec">The machine; a disk's road says whether it is an NVMe controller or a virtio-blk disk.</param>
    internal QemuMonitor(QemuProgram program, MachineSpec spec)
    {
        _program = program;
        _spec = spec;
    }

    /// <inheritdoc/>
    public string Name => _program.Version;

    /// <inheritdoc/>
    public Task<string> Ended { get; private set; } = Task.FromResult("not started");

    /// <summary>The device that stands in for a disk of ours.</summary>
    internal static string DeviceOf(Road road) => road == Road.Emulated ? "nvme" : "virtio-blk";

    /// <inheritdoc/>
    public void Start(ISerialSink console)
    {
        _process = Process.Start(new ProcessStartInfo(_program.Path, Arguments())
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, line) => Remember(line.Data);
        _process.BeginErrorReadLine();
        Ended = FollowAsync(_process, console);
    }

    /// <inheritdoc/>
    public void Type(string line)
    {
        _process!.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
    }

    /// <inheritdoc/>
    public DeviceCounts? Counts(string disk) => null;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_process is not { } process)
        {
            return;
        }

        // What waits for the process can end no other way: the bench is over.
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private List<string> Arguments()
    {
        List<string> arguments =
        [
            "-accel", "tcg", "-machine", "q35", "-cpu", "max", "-smp", _spec.Cpus.ToString(CultureInfo.InvariantCulture),
            "-m", $"{_spec.Memory >> 20}M", "-no-user-config", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
            "-kernel", _spec.Kernel, "-initrd", _spec.Initrd!, "-append", _spec.CommandLine,
        ];
        string way = IoUringSupport.Current.Usable ? "io_uring" : "threads";
        foreach (DiskSpec disk in _spec.Disks)
        {
            arguments.AddRange(
                "-blockdev", $"driver=raw,node-name={disk.Id},file.driver=file,file.filename={disk.Path},file.aio={way}",
                "-device", disk.Road == Road.Emulated ? $"{DeviceOf(disk.Road)},drive={disk.Id},serial={disk.Id}" : $"{DeviceOf(disk.Road)}-pci,drive={disk.Id}");
        }

        return arguments;
    }

    private async Task<string> FollowAsync(Process process, ISerialSink console)
    {
        byte[] buffer = new byte[4096];
        Stream output = process.StandardOutput.BaseStream;
        for (int count; (count = await output.ReadAsync(buffer)) > 0;)
        {
            console.Write(buffer.AsSpan(0, count));
        }

        await process.WaitForExitAsync();
        lock (_errors)
        {
            return $"{Name} ended with status {process.ExitCode}: {string.Join("; ", _errors)}";
        }
    }

    private void Remember(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_errors)
        {
            _errors.Enqueue(line);
            if (_errors.Count > ErrorLines)
            {
                _errors.Dequeue();
            }
        }
    }
}
