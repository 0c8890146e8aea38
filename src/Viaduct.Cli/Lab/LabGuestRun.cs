using System.Globalization;
using Viaduct.Cli.Guests;
using Viaduct.Cli.Lab.Consoles;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>A guest of a lab, from what it is made of to what it cost.</summary>
internal sealed class LabGuestRun : IGuestWatcher, IDisposable
{
    private readonly MachineSpec _spec;
    private readonly ILabConsole _console;
    private readonly Action<string> _say;
    private readonly LabConsoleFan _fan;
    private readonly GuestLife _life;
    private readonly List<LabDeviceReport> _devices = [];
    private VirtualMachine? _machine;
    private int? _status;
    private string _engine = "";

    /// <param name="spec">What to run.</param>
    /// <param name="console">Its console, which goes with it.</param>
    /// <param name="options">Where else its output goes.</param>
    /// <param name="say">Told what it does.</param>
    /// <param name="log">Where its devices report trouble.</param>
    internal LabGuestRun(MachineSpec spec, ILabConsole console, LabOptions options, Action<string> say, IEventLog log)
    {
        _spec = spec;
        _console = console;
        _say = message => say($"{spec.Name}: {message}");
        GuestLog guestLog = new(spec.Name, log);
        _fan = new LabConsoleFan(spec.Name, console, Follow, options.Verbose ? options.Messages : null, guestLog);
        _life = new GuestLife(spec, _fan, guestLog);
    }

    /// <summary>Its name.</summary>
    internal string Name => _spec.Name;

    /// <summary>The last lines of its console.</summary>
    internal string ConsoleTail => _fan.Tail();

    /// <summary>Builds its machine.</summary>
    /// <exception cref="LabFailedException">It can't be built.</exception>
    internal void Build()
    {
        try
        {
            _life.Build();
        }
        catch (Exception error) when (GuestLife.IsRefusal(error))
        {
            throw new LabFailedException($"{Name}: {error.Message}", GuestLife.ExitCode(error));
        }
    }

    /// <summary>Runs it to its end.</summary>
    internal async Task<LabGuestReport> RunAsync(CancellationToken cancellation)
    {
        try
        {
            MachineExit exit = await _life.RunAsync(this, cancellation);
            string? failure = exit.Reason switch
            {
                MachineExitReason.PowerOff when _status is > 0 => string.Create(CultureInfo.InvariantCulture, $"its script ended with status {_status}"),
                MachineExitReason.PowerOff => null,
                _ => LabConsoleFan.Printable(exit.Description),
            };
            int code = failure is not null && exit.Reason == MachineExitReason.PowerOff ? ExitCodes.Failure : GuestLife.ExitCode(exit);
            return Report(exit.Reason, failure, code);
        }
        catch (Exception error) when (GuestLife.IsRefusal(error))
        {
            return Report(MachineExitReason.InternalError, $"it can't start again: {error.Message}", ExitCodes.Failure);
        }
    }

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        _machine = machine;
        _engine = machine.Engine.Name;
        _console.Started(machine);
    }

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine)
    {
        _console.Ended(machine);
        foreach (MachineDevice device in machine.Devices)
        {
            LabDeviceReport report = LabDeviceReport.From(device);
            int index = _devices.FindIndex(earlier => earlier.Device == device.Id);
            if (index < 0)
            {
                _devices.Add(report);
            }
            else
            {
                _devices[index] = _devices[index].Plus(report);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _life.Dispose();
        _console.Dispose();
    }

    private LabGuestReport Report(MachineExitReason reason, string? failure, int exitCode) => new()
    {
        Guest = Name,
        Engine = _engine,
        Ended = reason.ToString(),
        Failure = failure,
        ExitCode = exitCode,
        Devices = _devices,
    };

    // On the serial port's thread, while the guest waits where it asked.
    private void Follow(GuestMark mark)
    {
        switch (mark.Verb)
        {
            case "note":
                _say(LabConsoleFan.Printable(string.Join(' ', mark.Words)));
                break;
            case "status" when int.TryParse(mark.Word(0), NumberStyles.None, CultureInfo.InvariantCulture, out int status):
                _status = status;
                _ = _machine?.Console.Receive("\n"u8);
                break;
        }
    }
}
