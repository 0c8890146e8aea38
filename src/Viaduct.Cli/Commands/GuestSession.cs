using Viaduct.Assigned;
using Viaduct.Backends.Block;
using Viaduct.Cli.Console;
using Viaduct.Machine;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary>A guest on this terminal, from power-on to its end, through resets.</summary>
internal static class GuestSession
{
    internal static async Task<int> RunAsync(MachineSpec spec, CancellationToken cancellation)
    {
        EventLog log = new(System.Console.Error);
        StandardOutputSink output = new();
        ConsoleInput? input = null;
        VirtualMachine? current = null;
        bool said = false;
        try
        {
            while (true)
            {
                using VirtualMachine machine = new(spec, output, log);
                current = machine;
                MachineExit exit;
                using (new RawTerminal())
                using (cancellation.Register(machine.Stop))
                {
                    machine.Start();
                    using TerminalSize? size = spec.Console == ConsoleChoice.Virtio ? new TerminalSize(machine.Console) : null;
                    input ??= new ConsoleInput(() => current.Stop());
                    input.Connect(machine.Console);
                    if (spec.Engine == EngineChoice.Auto && !said)
                    {
                        said = true;
                        _ = Task.Run(EngineAdvice.Say, cancellation);
                    }

                    exit = await machine.Exited;
                }

                log.Flush();
                if (exit.Reason != MachineExitReason.Reset)
                {
                    return Report(spec.Name, exit);
                }
            }
        }
        catch (AssignedDeviceException error)
        {
            await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            return error.IsHeld ? ExitCodes.DeviceHeld : ExitCodes.BadUsage;
        }
        catch (Exception error) when (error is KernelImageException or BlockOpenException or HostException)
        {
            await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            return error is HostException ? ExitCodes.Failure : ExitCodes.BadUsage;
        }
    }

    private static int Report(string name, MachineExit exit)
    {
        switch (exit.Reason)
        {
            case MachineExitReason.PowerOff:
                return ExitCodes.Success;
            case MachineExitReason.Stopped:
                return ExitCodes.Interrupted;
            case MachineExitReason.Panic:
                System.Console.Error.WriteLine($"viaduct: {name}: {exit.Description}");
                return ExitCodes.GuestPanic;
            case MachineExitReason.TripleFault:
                System.Console.Error.WriteLine($"viaduct: {name}: {exit.Description}");
                return ExitCodes.GuestTripleFault;
            default:
                System.Console.Error.WriteLine($"viaduct: {name}: {exit.Description}");
                return ExitCodes.Failure;
        }
    }
}
