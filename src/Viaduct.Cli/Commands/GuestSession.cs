using Viaduct.Cli.Console;
using Viaduct.Cli.Guests;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Commands;

/// <summary>A guest on this terminal, from power-on to its end, through resets.</summary>
internal static class GuestSession
{
    internal static async Task<int> RunAsync(MachineSpec spec, CancellationToken cancellation)
    {
        EventLog log = new(System.Console.Error);
        using GuestLife life = new(spec, new StandardOutputSink(), log);
        using TerminalWatcher terminal = new();
        try
        {
            life.Build();
            EngineAdvice.Say(spec.Engine);

            MachineExit exit = await life.RunAsync(terminal, cancellation);
            log.Flush();
            if (exit.Reason is not (MachineExitReason.PowerOff or MachineExitReason.Stopped))
            {
                await System.Console.Error.WriteLineAsync($"viaduct: {spec.Name}: {exit.Description}");
            }

            return GuestLife.ExitCode(exit);
        }
        catch (Exception error) when (GuestLife.IsRefusal(error))
        {
            await System.Console.Error.WriteLineAsync($"viaduct: {error.Message}");
            return GuestLife.ExitCode(error);
        }
    }
}
