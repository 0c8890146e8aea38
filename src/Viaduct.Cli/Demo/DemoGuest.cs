using Viaduct.Cli.Console;
using Viaduct.Cli.Guests;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Demo;

/// <summary>
/// The demonstration's guest: boots it and follows its marks. A mark is handled on the serial port's thread while the
/// guest waits for the answer, so readings of counters and clock hold exactly what lies between.
/// </summary>
internal sealed class DemoGuest
{
    private readonly MachineSpec _spec;
    private readonly IReadOnlyList<DemoDisk> _disks;
    private readonly ProgressLines _progress;
    private readonly GuestConsole _console;
    private readonly StartTogether? _start;
    private readonly Dictionary<string, RoadMeasurement> _roads = new(StringComparer.Ordinal);
    private VirtualMachine? _machine;
    private bool _done;

    /// <param name="spec">The machine, its disks the same as <paramref name="disks"/>.</param>
    /// <param name="disks">What the script works on.</param>
    /// <param name="progress">Told what the guest does.</param>
    /// <param name="verbose">Where the guest's console goes, or null.</param>
    /// <param name="start">Where it meets the guests that work at the same time, or null.</param>
    internal DemoGuest(MachineSpec spec, IReadOnlyList<DemoDisk> disks, ProgressLines progress, TextWriter? verbose, StartTogether? start = null)
    {
        _start = start;
        _spec = spec;
        _disks = disks;
        _progress = progress;
        _console = new GuestConsole(line => Follow(GuestMark.TryParse(line)), verbose);
    }

    /// <summary>Raised once, when the first measured work is about to begin, on the guest's thread.</summary>
    internal event Action? Beginning;

    /// <summary>Boots the guest and lets it do its work.</summary>
    /// <returns>The engine's name, and each road with its device, in the order of the disks.</returns>
    /// <exception cref="DemoFailedException">The guest didn't come to its end in time, or in another way.</exception>
    internal async Task<(string Engine, IReadOnlyList<(RoadMeasurement Road, MachineDevice Device)> Roads)> RunAsync(TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            return await BootAsync(limit, cancellation);
        }
        finally
        {
            _start?.Leave();
        }
    }

    private async Task<(string Engine, IReadOnlyList<(RoadMeasurement Road, MachineDevice Device)> Roads)> BootAsync(TimeSpan limit, CancellationToken cancellation)
    {
        EventLog log = new(System.Console.Error);
        using VirtualMachine machine = new(_spec, _console, log);
        _machine = machine;
        foreach (DemoDisk disk in _disks)
        {
            _roads.Add(disk.Name, new RoadMeasurement(disk, machine.Devices.Single(device => device.Id == disk.Id).Counters));
        }

        MachineExit exit;
        using (cancellation.Register(machine.Stop))
        {
            machine.Start();
            try
            {
                exit = await machine.Exited.WaitAsync(limit, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                throw new DemoFailedException($"the guest was not done after {limit.TotalSeconds:F0} s", _console.Tail());
            }
        }

        log.Flush();
        cancellation.ThrowIfCancellationRequested();
        if (!_done || exit.Reason != MachineExitReason.PowerOff)
        {
            throw new DemoFailedException($"the guest ended before its work was done: {exit.Description}", _console.Tail());
        }

        return (machine.Engine.Name, [.. _disks.Select(disk => (_roads[disk.Name], machine.Devices.Single(device => device.Id == disk.Id)))]);
    }

    private void Follow(GuestMark? mark)
    {
        switch (mark?.Verb)
        {
            case "ready":
                _progress.Say($"{_spec.Name}: Linux {mark.Word(0)} runs init");
                break;
            case "done":
                _done = true;
                Answer();
                break;
            case not null when _roads.TryGetValue(mark.Word(0), out RoadMeasurement? road):
                Follow(mark, road);
                break;
        }
    }

    private void Follow(GuestMark mark, RoadMeasurement road)
    {
        switch (mark.Verb)
        {
            case "found":
                road.Driver = mark.Word(1);
                road.FoundSum = mark.Word(2);
                break;
            case "begin":
                Interlocked.Exchange(ref Beginning, null)?.Invoke();
                if (_start is null)
                {
                    Begin(mark, road);
                }
                else
                {
                    _start.Arrive(() => Begin(mark, road));
                }

                break;
            case "end":
                road.End();
                Answer();
                break;
            case "failed":
                road.Failure = $"{road.Disk.Name}: {mark.Word(1)} failed in the guest";
                break;
            case "result":
                road.ReadBackSum = mark.Word(1);
                break;
        }
    }

    private void Begin(GuestMark mark, RoadMeasurement road)
    {
        _progress.Say($"{_spec.Name}: {road.Disk.Id} road, {road.Disk.Name}: {mark.Word(1)}");
        road.Begin();
        Answer();
    }

    private void Answer() => _machine!.Serial.Receive("\n"u8);
}
