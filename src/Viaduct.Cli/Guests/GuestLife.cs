using Viaduct.Assigned;
using Viaduct.Backends.Block;
using Viaduct.Backends.Network;
using Viaduct.Emulated.Serial;
using Viaduct.Machine;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.State;

namespace Viaduct.Cli.Guests;

/// <summary>A guest from power-on to its end, through resets: each makes another machine of the same specification.</summary>
internal sealed class GuestLife : IDisposable
{
    private readonly HostDevices _host;
    private readonly ISerialSink _console;
    private readonly IEventLog _log;
    private string? _state;
    private VirtualMachine? _machine;

    /// <param name="spec">What to run.</param>
    /// <param name="console">Where the console's output goes.</param>
    /// <param name="log">Where devices report trouble.</param>
    /// <param name="state">The file of a saved state that the first machine goes on from; null to boot.</param>
    internal GuestLife(MachineSpec spec, ISerialSink console, IEventLog log, string? state = null)
    {
        _host = new HostDevices(spec, log);
        _state = state;
        _console = console;
        _log = log;
    }

    /// <summary>Builds the first machine, so that what can't be had is known before anything runs.</summary>
    internal void Build()
    {
        if (_machine is null)
        {
            _machine = new VirtualMachine(_host.Spec, _console, _log, _state);
            _state = null;
        }
    }

    /// <summary>Why the machine that was built can't be saved; null where it can.</summary>
    internal string? SavingProblem => _machine?.SavingProblem;

    /// <summary>Writes the running machine's state to a file, and ends it. Any thread.</summary>
    /// <exception cref="IOException">The file can't be written; the machine goes on.</exception>
    internal void Save(string path) => _machine?.TrySave(path);

    /// <summary>Runs it to its end.</summary>
    /// <param name="watcher">Told of each machine.</param>
    /// <param name="cancellation">Switches the guest off.</param>
    internal async Task<MachineExit> RunAsync(IGuestWatcher watcher, CancellationToken cancellation)
    {
        while (true)
        {
            Build();
            VirtualMachine machine = _machine!;
            MachineExit exit;
            using (cancellation.Register(machine.Stop))
            {
                machine.Start();
                watcher.Started(machine);
                exit = await machine.Exited;
                watcher.Ended(machine);
            }

            EndMachine();
            if (exit.Reason != MachineExitReason.Reset || cancellation.IsCancellationRequested)
            {
                return exit;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        EndMachine();
        _host.Dispose();
    }

    private void EndMachine()
    {
        _machine?.Dispose();
        _machine = null;
    }

    /// <summary>Whether an exception says that a guest's parts can't be had, rather than that this program is wrong.</summary>
    internal static bool IsRefusal(Exception error) =>
        error is KernelImageException or BlockOpenException or NetworkOpenException or HostException or AssignedDeviceException or StateException;

    /// <summary>The process's exit status for such an exception.</summary>
    internal static int ExitCode(Exception refusal) => refusal switch
    {
        HostException => ExitCodes.Failure,
        AssignedDeviceException { IsHeld: true } => ExitCodes.DeviceHeld,
        _ => ExitCodes.BadUsage,
    };

    /// <summary>The process's exit status for a guest's end.</summary>
    internal static int ExitCode(MachineExit exit) => exit.Reason switch
    {
        MachineExitReason.PowerOff or MachineExitReason.Saved => ExitCodes.Success,
        MachineExitReason.Stopped => ExitCodes.Interrupted,
        MachineExitReason.Panic => ExitCodes.GuestPanic,
        MachineExitReason.TripleFault => ExitCodes.GuestTripleFault,
        _ => ExitCodes.Failure,
    };
}
