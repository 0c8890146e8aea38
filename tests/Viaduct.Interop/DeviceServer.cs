using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Interop;

/// <summary><c>viaduct serve nvme</c> as a process.</summary>
internal sealed class DeviceServer : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    internal DeviceServer(string disk, string socket)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "viaduct"), ["serve", "nvme", "--disk", $"path={disk}", "--vfio-user", socket, "--until-input-ends"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginErrorReadLine();
        AwaitLine("viaduct: ready");
    }

    internal int Id => _process.Id;

    internal bool IsRunning => !_process.HasExited;

    internal int Descriptors => Directory.GetFiles($"/proc/{Id}/fd").Length;

    internal int Maps => File.ReadLines($"/proc/{Id}/maps").Count();

    internal string[] Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Waits for a line that begins so.</summary>
    internal void AwaitLine(string beginning)
    {
        long began = Stopwatch.GetTimestamp();
        lock (_lines)
        {
            while (!_lines.Exists(line => line.StartsWith(beginning, StringComparison.Ordinal)))
            {
                TimeSpan left = _patience - Stopwatch.GetElapsedTime(began);
                Assert.True(left > TimeSpan.Zero && Monitor.Wait(_lines, left), $"the server doesn't say '{beginning}', but:\n{string.Join('\n', _lines)}");
            }
        }
    }

    /// <summary>SIGKILL.</summary>
    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Ends it in peace.</summary>
    internal int End()
    {
        _process.StandardInput.Close();
        Assert.True(_process.WaitForExit(_patience), string.Create(CultureInfo.InvariantCulture, $"server {Id} doesn't end"));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        lock (_lines)
        {
            _lines.Add(line ?? "(end)");
            Monitor.PulseAll(_lines);
        }
    }
}
