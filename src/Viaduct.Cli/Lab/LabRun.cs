using System.Runtime.ExceptionServices;
using Viaduct.Backends.Block;
using Viaduct.Cli.Console;
using Viaduct.Cli.Lab.Consoles;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>
/// Runs a lab: first the served devices, then all guests at once, in this process; then the devices go, after the guests.
/// Nothing runs before every part could be had.
/// </summary>
internal sealed class LabRun
{
    private readonly LabSpec _lab;
    private readonly LabOptions _options;
    private readonly ProgressLines _progress;
    private readonly EventLog _log;

    internal LabRun(LabSpec lab, LabOptions options)
    {
        _lab = lab;
        _options = options;
        _progress = new ProgressLines(options.Messages);
        _log = new EventLog(options.Messages);
    }

    /// <summary>Runs it.</summary>
    /// <param name="cancellation">Switches all guests off.</param>
    /// <exception cref="LabFailedException">It can't start.</exception>
    /// <exception cref="GuestPartsException">A guest's kernel or programs can't be had.</exception>
    internal async Task<LabReport> RunAsync(CancellationToken cancellation)
    {
        using LabFolder folder = new();
        await using ServedDevices devices = new(folder, _options.Messages, _progress.Say);
        await devices.StartAsync(_lab.Devices, cancellation);
        List<LabGuestRun> guests = [];
        try
        {
            LabUserLand userLand = new(folder, _progress.Say);
            foreach (LabGuest guest in _lab.Guests)
            {
                cancellation.ThrowIfCancellationRequested();
                guests.Add(Prepare(guest, userLand, folder, devices));
            }

            await BuildAsync(guests);
            cancellation.ThrowIfCancellationRequested();
            _progress.Say($"{string.Join(", ", guests.Select(guest => guest.Name))}: power on");
            LabGuestReport[] reports = await Task.WhenAll(guests.Select(guest => FollowAsync(guest, cancellation)));
            _log.Flush();
            return new LabReport
            {
                Seconds = Math.Round(_progress.Elapsed.TotalSeconds, 3),
                Guests = reports,
                LostDevices = devices.Lost is { Count: > 0 } lost ? lost : null,
            };
        }
        finally
        {
            guests.ForEach(guest => guest.Dispose());
        }
    }

    // All at once: a kernel takes a while to unpack and to load.
    private static async Task BuildAsync(List<LabGuestRun> guests)
    {
        Task all = Task.WhenAll(guests.Select(guest => Task.Run(guest.Build)));
        try
        {
            await all;
        }
        catch (LabFailedException error)
        {
            LabFailedException[] failures = [.. all.Exception!.InnerExceptions.OfType<LabFailedException>()];
            if (failures.Length == 1)
            {
                ExceptionDispatchInfo.Throw(error);
            }

            throw new LabFailedException(string.Join("\nviaduct: ", failures.Select(failure => failure.Message)), failures[0].ExitCode);
        }
    }

    private async Task<LabGuestReport> FollowAsync(LabGuestRun guest, CancellationToken cancellation)
    {
        LabGuestReport report = await guest.RunAsync(cancellation);
        _progress.Say($"{guest.Name}: {report.Failure ?? "powered off"}");
        if (report.Failure is not null && !cancellation.IsCancellationRequested && !_options.Verbose)
        {
            await _options.Messages.WriteLineAsync($"--- the end of {guest.Name}'s console ---\n{guest.ConsoleTail}\n---");
        }

        return report;
    }

    private static AssignedSpec Assigned(LabAssignment assignment, ServedDevices devices) => assignment.Host is { } address
        ? new AssignedSpec { Id = assignment.Id, Host = address }
        : new AssignedSpec { Id = assignment.Id, Socket = assignment.Socket ?? devices.Socket(assignment) };

    private LabGuestRun Prepare(LabGuest guest, LabUserLand userLand, LabFolder folder, ServedDevices devices)
    {
        try
        {
            (string kernel, string? initrd) = userLand.For(guest);
            MachineSpec spec = new()
            {
                Name = guest.Name,
                Kernel = kernel,
                Initrd = initrd,
                CommandLine = guest.CommandLine,
                Memory = guest.Memory,
                Cpus = guest.Cpus,
                Engine = guest.Engine == EngineChoice.Auto ? _options.Engine : guest.Engine,
                Rng = guest.Entropy,
                Disks =
                [
                    .. guest.Disks.Select(disk => new DiskSpec
                    {
                        Id = disk.Id,
                        Path = folder.Disk(disk, guest.Name),
                        Road = disk.Road,
                        ReadOnly = disk.ReadOnly,
                        Direct = disk.Direct,
                    }),
                ],
                Networks = guest.Networks,
                Assigned = [.. guest.Assignments.Select(assignment => Assigned(assignment, devices))],
            };
            spec = _options.Adjust(spec);
            if (spec.Problem() is { } problem)
            {
                throw new LabFailedException($"{guest.Name}: {problem}", ExitCodes.BadUsage);
            }

            return new LabGuestRun(spec, LabConsoles.Open(guest.Console, _options.Leave), _options, _progress.Say, _log);
        }
        catch (Exception error) when (error is BlockOpenException or IOException or UnauthorizedAccessException)
        {
            throw new LabFailedException($"{guest.Name}: {error.Message}", ExitCodes.BadUsage);
        }
    }
}
