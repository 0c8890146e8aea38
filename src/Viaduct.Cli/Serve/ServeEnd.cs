namespace Viaduct.Cli.Serve;

/// <summary>When a server ends: by a signal, or with its parent.</summary>
internal static class ServeEnd
{
    /// <summary>Completes when the server is to end; never fails.</summary>
    /// <param name="untilInputEnds">Whether standard input's end is one.</param>
    /// <param name="cancellation">Ctrl-C and SIGTERM.</param>
    internal static async Task WaitAsync(bool untilInputEnds, CancellationToken cancellation)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration signal = cancellation.Register(() => ended.TrySetResult());
        if (untilInputEnds)
        {
            // A read of a pipe can't be cancelled; its thread goes with the process.
            new Thread(() => Drain(ended)) { Name = "input", IsBackground = true }.UnsafeStart();
        }

        await ended.Task;
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
