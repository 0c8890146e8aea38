using Viaduct.Cli.Lab;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.GuestParts;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Commands;

/// <summary>A lab in this process, and what the process's exit status says of it.</summary>
internal static class LabSession
{
    /// <summary>Runs one.</summary>
    /// <param name="read">Reads it.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="report">Writes what it did; null for nothing.</param>
    /// <param name="cancellation">Ctrl-C and SIGTERM.</param>
    /// <returns>The exit status.</returns>
    internal static async Task<int> RunAsync(Func<LabSpec> read, LabOptions options, Action<LabReport>? report, CancellationToken cancellation)
    {
        TextWriter errors = System.Console.Error;
        using CancellationTokenSource left = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            LabSpec lab = read();
            LabOptions completed = options with { Leave = left.Cancel, Messages = Messages(lab) };
            LabReport done = await new LabRun(lab, completed).RunAsync(left.Token);
            report?.Invoke(done);
            return left.IsCancellationRequested ? ExitCodes.Interrupted : done.ExitCode;
        }
        catch (LabFileException error)
        {
            foreach (string problem in error.Problems)
            {
                await errors.WriteLineAsync($"viaduct: {problem}");
            }

            return ExitCodes.BadUsage;
        }
        catch (FormatException error)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }
        catch (HostFunctionException error)
        {
            await errors.WriteLineAsync($"viaduct: --assign: {error.Message}");
            return error.Kind == ControlErrorKind.Held ? ExitCodes.DeviceHeld : ExitCodes.BadUsage;
        }
        catch (LabFailedException error)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return error.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await errors.WriteLineAsync("viaduct: interrupted");
            return ExitCodes.Interrupted;
        }
        catch (Exception error) when (error is GuestPartsException or IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"viaduct: {error.Message}");
            return ExitCodes.Failure;
        }
    }

    // A terminal that is a guest's console doesn't return the carriage by itself.
    private static TextWriter Messages(LabSpec lab)
    {
        if (lab.Guests.All(guest => guest.Console.Kind != LabConsoleKind.Stdio) || System.Console.IsInputRedirected)
        {
            return System.Console.Error;
        }

        return TextWriter.Synchronized(new StreamWriter(System.Console.OpenStandardError()) { AutoFlush = true, NewLine = "\r\n" });
    }
}
