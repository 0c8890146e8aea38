using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Viaduct.Guests.Support;

/// <summary>The program itself, as a process, with temporary files of its own.</summary>
internal sealed class ViaductProcess : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(4);

    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("viaduct-test-");
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _messages = new();
    private readonly List<(StringBuilder Stream, string Text, TaskCompletionSource Seen)> _awaited = [];
    private readonly Process _process;

    internal ViaductProcess(params IReadOnlyList<string> arguments)
    {
        ProcessStartInfo start = new(Program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = _temporary.FullName;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Hear(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(_messages, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program's file.</summary>
    internal static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "viaduct");

    /// <summary>What it wrote to standard output; once it has ended.</summary>
    internal string Output => _output.ToString();

    /// <summary>What it wrote to standard error.</summary>
    internal string Messages
    {
        get
        {
            lock (_messages)
            {
                return _messages.ToString();
            }
        }
    }

    /// <summary>Its temporary files. The runtime's own stay behind where a process is killed.</summary>
    internal IEnumerable<string> TemporaryFiles => _temporary.EnumerateFileSystemInfos("viaduct-*").Select(file => file.Name);

    /// <summary>Processes that it started and that run.</summary>
    internal IReadOnlyList<int> Children =>
    [
        .. Directory.EnumerateDirectories($"/proc/{_process.Id}/task")
            .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture)),
    ];

    /// <summary>Its exit status, once it has ended.</summary>
    internal async Task<int> EndAsync()
    {
        try
        {
            await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(_limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"it didn't end; its messages:\n{Messages}");
        }

        return _process.ExitCode;
    }

    /// <summary>Waits for a message, or its end.</summary>
    internal Task SeenAsync(string text) => SeenAsync(_messages, text);

    /// <summary>Waits for standard output, or its end.</summary>
    internal Task WroteAsync(string text) => SeenAsync(_output, text);

    private async Task SeenAsync(StringBuilder stream, string text)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_messages)
        {
            if (stream.ToString().Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            _awaited.Add((stream, text, seen));
        }

        await Task.WhenAny(seen.Task, EndAsync());
        Assert.True(seen.Task.IsCompleted, $"it ended without \"{text}\"; its messages:\n{Messages}");
    }

    /// <summary>Types keys.</summary>
    internal async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Sends it a signal.</summary>
    internal Task SignalAsync(string signal) => SignalAsync(_process.Id, signal);

    /// <summary>Sends a process a signal.</summary>
    internal static async Task SignalAsync(int process, string signal)
    {
        using Process kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {process}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until a process that isn't our child is gone.</summary>
    internal static async Task GoneAsync(int process)
    {
        try
        {
            using Process other = Process.GetProcessById(process);
            await other.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(_limit, TestContext.Current.CancellationToken);
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        _temporary.Delete(recursive: true);
    }

    private void Hear(StringBuilder stream, string? line)
    {
        lock (_messages)
        {
            stream.Append(line).Append('\n');
            string all = stream.ToString();
            foreach ((StringBuilder awaited, string text, TaskCompletionSource seen) in _awaited)
            {
                if (awaited == stream && all.Contains(text, StringComparison.Ordinal))
                {
                    seen.TrySetResult();
                }
            }
        }
    }
}
