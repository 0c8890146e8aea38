using Viaduct.Cli.Console;
using Viaduct.Cli.Guests;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Commands;

/// <summary>A guest on this terminal, from power-on to its end, through resets.</summary>
internal static class GuestSession
{
    /// <param name="spec">The guest.</param>
    /// <param name="save">The file that Ctrl-A S saves it to; null where it can't be saved.</param>
    /// <param name="restore">The file of a saved state that it goes on from; null to boot.</param>
    /// <param name="cancellation">Switches the guest off.</param>
    internal static async Task<int> RunAsync(MachineSpec spec, string? save, string? restore, CancellationToken cancellation)
    {
        EventLog log = new(System.Console.Error);
        using GuestLife life = new(spec, new StandardOutputSink(), log, restore);
        using TerminalWatcher terminal = new(save: save is null ? null : () => Save(life, save));
        try
        {
            life.Build();
            if (save is not null && life.SavingProblem is { } problem)
            {
                await System.Console.Error.WriteLineAsync($"viaduct: --save: {problem}");
                return ExitCodes.BadUsage;
            }

            EngineAdvice.Say(spec.Engine);
            MachineExit exit = await life.RunAsync(terminal, cancellation);
            log.Flush();
            if (exit.Reason == MachineExitReason.Saved)
            {
                await System.Console.Error.WriteLineAsync($"viaduct: {spec.Name}: saved; the same options with --restore {save} go on from here");
            }
            else if (exit.Reason is not (MachineExitReason.PowerOff or MachineExitReason.Stopped))
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

    private static void Save(GuestLife life, string path)
    {
        try
        {
            life.Save(path);
        }
        catch (IOException error)
        {
            System.Console.Error.Write($"\r\nviaduct: {error.Message}; the guest goes on\r\n");
        }
    }
}
