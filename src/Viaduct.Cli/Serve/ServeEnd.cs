using System.Runtime.InteropServices;

namespace Viaduct.Cli.Serve;

/// <summary>When a server ends: by a signal, or with its parent.</summary>
internal static class ServeEnd
{
    /// <summary>The option of a server whose parent ends it. Ctrl-C on their terminal is then the parent's, which still has use for the device.</summary>
    internal const string UntilInputEnds = "--until-input-ends";

    /// <summary>Completes when the server is to end; never fails.</summary>
    /// <param name="untilInputEnds">Whether standard input's end is one, and Ctrl-C is none.</param>
    /// <param name="cancellation">Ctrl-C and SIGTERM.</param>
    internal static async Task WaitAsync(bool untilInputEnds, CancellationToken cancellation)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration signal = cancellation.Register(() => ended.TrySetResult());
        using PosixSignalRegistration? interrupt = untilInputEnds ? PosixSignalRegistration.Create(PosixSignal.SIGINT, static key => key.Cancel = true) : null;
        using PosixSignalRegistration? terminate = untilInputEnds ? PosixSignalRegistration.Create(PosixSignal.SIGTERM, Terminated) : null;
        if (untilInputEnds)
        {
            // A read of a pipe can't be cancelled; its thread goes with the process.
            new Thread(() => Drain(ended)) { Name = "input", IsBackground = true }.UnsafeStart();
        }

        await ended.Task;

        void Terminated(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ended.TrySetResult();
        }
    }

    private static void Drain(TaskCompletionSource ended)
    {
        try
        {
            using Stream input = System.Console.OpenStandardInput();
            input.CopyTo(Stream.Null);
        }
        catch (IOException)
        {
            // An input that can't be read is at its end.
        }

        ended.TrySetResult();
    }
}
