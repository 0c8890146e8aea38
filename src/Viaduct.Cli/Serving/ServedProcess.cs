using System.Diagnostics;

namespace Viaduct.Cli.Serving;

/// <summary>
/// A device served by a process of its own: <c>viaduct serve …</c>, started and ended by a command that needs it. Its
/// standard input is a pipe of ours that ends with us, however that is, and it ends with the pipe.
/// </summary>
internal sealed class ServedProcess : IAsyncDisposable
{
    /// <summary>What a server writes to standard error once its sockets can be connected to.</summary>
    internal const string ReadyLine = "viaduct: ready";

    private const string Prefix = "viaduct: ";
    private const int TailLines = 20;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly string _name;
    private readonly TextWriter _errors;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> _tail = new();

    private ServedProcess(Process process, string name, TextWriter errors)
    {
        _process = process;
        _name = name;
        _errors = errors;
    }

    /// <summary>Completes when the process has ended, whoever ended it.</summary>
    internal Task Exited { get; private set; } = Task.CompletedTask;

    /// <summary>Starts a server and waits until it is ready.</summary>
    /// <param name="name">For people.</param>
    /// <param name="arguments">What follows <c>viaduct serve</c>.</param>
    /// <param name="errors">Where its own words go, each line with its name.</param>
    /// <param name="cancellation">Ends the wait, and the server with it.</param>
    /// <exception cref="ServedProcessException">It ended instead; the message has its last words.</exception>
    internal static async Task<ServedProcess> StartAsync(string name, IEnumerable<string> arguments, TextWriter errors, CancellationToken cancellation)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "viaduct"), ["serve", .. arguments, "--until-input-ends"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start) ?? throw new ServedProcessException($"{name}: its process can't be started");
        ServedProcess served = new(process, name, errors);
        process.ErrorDataReceived += (_, line) => served.Hear(line.Data);
        process.BeginErrorReadLine();
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        served.Exited = process.WaitForExitAsync(CancellationToken.None);
        try
        {
            if (await Task.WhenAny(served._ready.Task, served.Exited).WaitAsync(cancellation) == served.Exited)
            {
                throw new ServedProcessException($"{name}: its server ended before it was ready (exit status {process.ExitCode}): {served.Tail()}");
            }
        }
        catch
        {
            await served.DisposeAsync();
            throw;
        }

        return served;
    }

    /// <summary>How it ended, once it has.</summary>
    internal int ExitCode => _process.ExitCode;

    /// <summary>Ends the server, in peace if it can be had.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        try
        {
            await Exited.WaitAsync(_patience);
        }
        catch (TimeoutException)
        {
            await _errors.WriteLineAsync($"viaduct: {_name}: its server doesn't end; it is killed");
            _process.Kill();
            await Exited;
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (line.StartsWith(ReadyLine, StringComparison.Ordinal))
        {
            _ready.TrySetResult();
            return;
        }

        lock (_tail)
        {
            _tail.Enqueue(line);
            if (_tail.Count > TailLines)
            {
                _tail.Dequeue();
            }
        }

        if (_ready.Task.IsCompleted)
        {
            _errors.WriteLine(line.StartsWith(Prefix, StringComparison.Ordinal) ? line : $"{Prefix}{_name}: {line}");
        }
    }

    private string Tail()
    {
        lock (_tail)
        {
            return _tail.Count == 0 ? "it said nothing" : string.Join('\n', _tail);
        }
    }
}
