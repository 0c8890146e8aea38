using System.Diagnostics;

namespace Viaduct.Interop;

/// <summary>A monitor with a guest whose console is the process's standard input and output.</summary>
internal sealed class ConsoleGuest : IDisposable
{
    private const string Mark = "RESULT ";
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly List<string> _results = [];
    private readonly List<string> _lines = [];
    private int _open = 2;

    internal ConsoleGuest(string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Lines that began with RESULT, without that.</summary>
    internal string[] Results
    {
        get
        {
            lock (_lines)
            {
                return [.. _results];
            }
        }
    }

    /// <summary>Waits for such a line.</summary>
    internal void Await(string result)
    {
        long began = Stopwatch.GetTimestamp();
        lock (_lines)
        {
            while (!_results.Contains(result))
            {
                TimeSpan left = _patience - Stopwatch.GetElapsedTime(began);
                Assert.True(_open > 0 && left > TimeSpan.Zero, $"the guest doesn't say '{result}'; its console:\n{string.Join('\n', _lines)}");
                Monitor.Wait(_lines, left);
            }
        }
    }

    /// <summary>Presses the return key.</summary>
    internal void GoOn()
    {
        _process.StandardInput.Write('\n');
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for the guest's power-off.</summary>
    internal void AwaitEnd() => Assert.True(_process.WaitForExit(_patience), "the monitor doesn't end");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        lock (_lines)
        {
            if (line is null)
            {
                _open--;
            }
            else
            {
                _lines.Add(line);
                int mark = line.IndexOf(Mark, StringComparison.Ordinal);
                if (mark >= 0)
                {
                    _results.Add(line[(mark + Mark.Length)..].Trim());
                }
            }

            Monitor.PulseAll(_lines);
        }
    }
}
