using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Lab.Outer;

/// <summary>
/// A machine under QEMU's TCG that has what this host hasn't: KVM for Viaduct to run guests with, an IOMMU, devices with
/// virtual functions. Its root is the lab's tree with a writable layer that is gone with it; what lies in its folder
/// /lab lies in <see cref="Folder"/> here. Processes in it run some twenty times slower than here.
/// </summary>
internal sealed class OuterMachine : IAsyncDisposable
{
    private const int LogTail = 4000;

    // Both of the host's processors are busy with two of them.
    private static readonly SemaphoreSlim _places = new(2, 2);
    private static readonly TimeSpan _bootLimit = TimeSpan.FromMinutes(5);
    private static int _count;

    private readonly ConcurrentDictionary<string, OuterCommand> _commands = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _orders = new();
    private readonly Process _process;
    private readonly Task _agent;
    private int _lastCommand;

    private OuterMachine(LabParts parts, OuterOptions options, string folder)
    {
        Parts = parts;
        Folder = folder;
        File.WriteAllText(Path.Combine(folder, "agent.sh"), LabParts.Resource("agent.sh"));
        _process = Process.Start(new ProcessStartInfo(OuterArguments.Loader(parts), OuterArguments.ForTests(parts, options, folder))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _agent = Task.Run(FollowAsync);
    }

    /// <summary>What it and its guests are made of.</summary>
    internal LabParts Parts { get; }

    /// <summary>The folder that it has as /lab, with all of its logs: the console's in <c>console.log</c>, a script's in <c>ID.out</c>.</summary>
    internal string Folder { get; }

    /// <summary>The end of what its kernel said.</summary>
    internal string ConsoleTail
    {
        get
        {
            string path = Path.Combine(Folder, "console.log");
            string text = File.Exists(path) ? File.ReadAllText(path) : "";
            return text.Length > LogTail ? text[^LogTail..] : text;
        }
    }

    /// <summary>Boots one, as soon as fewer than two others run.</summary>
    /// <param name="options">What it has.</param>
    /// <exception cref="OuterMachineException">It doesn't come up.</exception>
    internal static async Task<OuterMachine> StartAsync(OuterOptions options)
    {
        LabParts parts = await Task.Run(() => LabParts.Made);
        await _places.WaitAsync();
        OuterMachine? machine = null;
        try
        {
            machine = new OuterMachine(parts, options, NewFolder(options.Name));
            await machine._ready.Task.WaitAsync(_bootLimit * LabPatience.Factor);
            return machine;
        }
        catch (Exception error)
        {
            string tail = machine?.ConsoleTail ?? "";
            await (machine?.DisposeAsync() ?? FreePlaceAsync());
            throw new OuterMachineException($"the outer machine {options.Name} doesn't come up: {error.Message}\n{tail}");
        }
    }

    /// <summary>Runs a bash script to its end.</summary>
    /// <param name="script">The script.</param>
    /// <param name="limit">How long it may take, two minutes by default; then all of its processes are killed.</param>
    /// <exception cref="OuterMachineException">It took too long, or the machine is gone.</exception>
    internal async Task<OuterResult> RunAsync(string script, TimeSpan? limit = null) => await Start(script).EndAsync(limit);

    /// <summary>Runs a bash script that must end with status 0.</summary>
    /// <returns>What it wrote.</returns>
    internal async Task<string> OutputAsync(string script, TimeSpan? limit = null)
    {
        OuterResult result = await RunAsync(script, limit);
        Assert.True(result.Status == 0, $"status {result.Status}: {script}\n{result.Output}");
        return result.Output;
    }

    /// <summary>Starts a bash script and doesn't wait. Others may run at the same time.</summary>
    internal OuterCommand Start(string script)
    {
        string id = Interlocked.Increment(ref _lastCommand).ToString("d3", CultureInfo.InvariantCulture);
        File.WriteAllText(Path.Combine(Folder, $"{id}.sh"), script + "\n");
        OuterCommand command = new(this, id);
        _commands[id] = command;
        Order($"run {id}");
        if (_agent.IsCompleted)
        {
            command.Break(Gone());
        }

        return command;
    }

    /// <summary>Writes a file into the machine's /lab.</summary>
    /// <returns>Its path in the machine.</returns>
    internal string Write(string name, ReadOnlySpan<byte> contents)
    {
        File.WriteAllBytes(Path.Combine(Folder, name), contents);
        return $"/lab/{name}";
    }

    /// <summary>Writes a guest's initial RAM disk: busybox, modules, and a script for its shell that should end with <c>poweroff -f</c>.</summary>
    /// <param name="kernel">The guest's kernel.</param>
    /// <param name="name">The file's name.</param>
    /// <param name="modules">Modules to load first.</param>
    /// <param name="script">The script.</param>
    /// <param name="files">What else goes in.</param>
    /// <returns>Its path in the machine.</returns>
    internal string WriteRamDisk(
        GuestKernel kernel, string name, ReadOnlySpan<string> modules, string script, IReadOnlyList<RamDiskFile>? files = null) =>
        Write(name, BusyboxRamDisk.Build(Parts.Packages, kernel, modules, script, files));

    /// <summary>The path in the machine of a guest kernel's image.</summary>
    internal string PathOf(GuestKernel kernel)
    {
        foreach ((string here, string there) in (ReadOnlySpan<(string, string)>)[(Parts.Tree + "/", "/"), (Parts.Packages.Folder + "/", "/cache/viaduct/")])
        {
            if (kernel.Image.StartsWith(here, StringComparison.Ordinal))
            {
                return there + kernel.Image[here.Length..];
            }
        }

        throw new OuterMachineException($"{kernel.Image} lies in no folder that an outer machine has");
    }

    /// <summary>Gives the agent an order. None arrives where the machine is gone, which its commands say.</summary>
    internal void Order(string line)
    {
        lock (_orders)
        {
            try
            {
                _process.StandardInput.Write(line + "\n");
                _process.StandardInput.Flush();
            }
            catch (IOException)
            {
                // QEMU has ended: FollowAsync sees it too.
            }
        }
    }

    /// <summary>Ends the machine, as if its power was cut.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _agent;
        _process.Dispose();
        File.Delete(Path.Combine(Folder, "nvme.img"));
        File.Delete(Path.Combine(Folder, "initrd.img"));
        await FreePlaceAsync();
    }

    private static ValueTask FreePlaceAsync()
    {
        _places.Release();
        return ValueTask.CompletedTask;
    }

    private static string NewFolder(string name)
    {
        string number = Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture);
        string folder = Path.Combine(LabParts.Sources, "artifacts/test-results/lab", $"{name}-{Environment.ProcessId}-{number}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    private async Task FollowAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            string[] words = line.Split(' ');
            if (words is ["ready"])
            {
                _ready.TrySetResult();
            }
            else if (words is ["done", var id, var status] && _commands.TryRemove(id, out OuterCommand? command))
            {
                command.Finish(int.Parse(status, CultureInfo.InvariantCulture));
            }
        }

        OuterMachineException gone = Gone();
        _ready.TrySetException(gone);
        foreach (OuterCommand command in _commands.Values)
        {
            command.Break(gone);
        }
    }

    private OuterMachineException Gone() => new($"the outer machine has ended; the end of its console:\n{ConsoleTail}");
}
