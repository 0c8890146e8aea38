using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Interop;

/// <summary><c>viaduct serve nvme</c> as a process.</summary>
internal sealed class DeviceServer : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    /// <param name="disk">The disk's file.</param>
    /// <param name="socket">The socket; the folder of a shared controller.</param>
    /// <param name="virtualFunctions">How many, each with a part of the disk as large as the physical one's.</param>
    internal DeviceServer(string disk, string socket, int virtualFunctions = 0)
    {
        string[] sharing = virtualFunctions == 0 ? [] : ["--vfs", virtualFunctions.ToString(CultureInfo.InvariantCulture)];
        ProcessStartInfo start = new(ViaductProgram, ["serve", "nvme", "--disk", $"path={disk}", "--vfio-user", socket, "--until-input-ends", .. sharing])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginErrorReadLine();
        AwaitLine("viaduct: ready");
    }

    /// <summary>The program.</summary>
    internal static string ViaductProgram => Path.Combine(AppContext.BaseDirectory, "viaduct");

    internal bool IsRunning => !_process.HasExited;

    internal ProcessGauge Gauge => ProcessGauge.Of(_process.Id);

    /// <summary>CPU time of the threads that serve a virtual function: the device's own, and those for its client.</summary>
    internal TimeSpan CpuOf(int virtualFunction)
    {
        string ending = string.Create(CultureInfo.InvariantCulture, $"-vf{virtualFunction}");
        long nanoseconds = 0;
        foreach (string task in Directory.EnumerateDirectories($"/proc/{_process.Id}/task"))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(task, "comm")).TrimEnd('\n').EndsWith(ending, StringComparison.Ordinal))
                {
                    nanoseconds += long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // A thread that has just ended.
            }
        }

        return TimeSpan.FromMicroseconds(nanoseconds / 1000);
    }

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
        Assert.True(_process.WaitForExit(_patience), "the server doesn't end");
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
