using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Cli.Lab.Serving;

/// <summary>
/// A process that serves a device (<c>viaduct serve … --supervised</c>). It says "ready" on its standard output when its
/// sockets are there, and ends when its standard input does: so it ends with this process, however that ends, and no
/// signal of the terminal takes it away from guests that still use it.
/// </summary>
internal sealed class ServedDevice : IAsyncDisposable
{
    /// <summary>What it says when its sockets are there.</summary>
    internal const string Ready = "ready";

    // Flushing a large disk takes a while; what takes longer than this hangs.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly string _name;
    private readonly Action<string> _say;
    private readonly Process _process;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _ended;
    private volatile bool _stopping;
    private volatile string _lastWords = "";

    /// <summary>Starts it.</summary>
    /// <param name="name">The device's name, for messages.</param>
    /// <param name="arguments">The arguments of <c>viaduct</c>.</param>
    /// <param name="say">Gets its messages.</param>
    internal ServedDevice(string name, IEnumerable<string> arguments, Action<string> say)
    {
        _name = name;
        _say = say;
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "viaduct"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data == Ready)
            {
                _ready.TrySetResult();
            }
        };
        _process.ErrorDataReceived += (_, line) => Tell(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _ended = FollowAsync();
    }

    /// <summary>How it ended before it was told to; null while it has not.</summary>
    internal string? Loss { get; private set; }

    /// <summary>Waits until guests can connect.</summary>
    /// <exception cref="LabFailedException">It ended instead.</exception>
    internal async Task StartedAsync(CancellationToken cancellation)
    {
        if (await Task.WhenAny(_ready.Task, _ended).WaitAsync(cancellation) == _ended)
        {
            throw new LabFailedException($"device '{_name}' can't be served: {(_lastWords.Length == 0 ? Loss : _lastWords)}", ExitCodes.BadUsage);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }

        try
        {
            await _ended.WaitAsync(_patience);
        }
        catch (TimeoutException)
        {
            _say($"device '{_name}' doesn't end by itself; killing it");
            _process.Kill();
            await _ended;
        }

        _process.Dispose();
    }

    private async Task FollowAsync()
    {
        await _process.WaitForExitAsync();
        if (!_stopping)
        {
            // 128 + N is how .NET tells of signal N.
            Loss = string.Create(CultureInfo.InvariantCulture, $"the process of device '{_name}' ended (exit status {_process.ExitCode})");
            if (_ready.Task.IsCompleted)
            {
                _say(Loss);
            }
        }
    }

    private void Tell(string? line)
    {
        const string Prefix = "viaduct: ";
        if (string.IsNullOrEmpty(line))
        {
            return;
        }

        string words = LabConsoleFan.Printable(line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : line);
        _lastWords = words;
        if (_ready.Task.IsCompleted)
        {
            _say($"{_name}: {words}");
        }
    }
}
