using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>An NVMe controller that a process of its own serves over vfio-user: <c>viaduct serve</c>.</summary>
internal sealed class ServedController : IDisposable
{
    // The column of /proc/net/unix that says whether somebody listens (SO_ACCEPTCON).
    private const string Listening = "00010000";
    private const int FlagsColumn = 3;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _betweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ServedController(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts one, and waits until its sockets are there.</summary>
    /// <param name="image">Its disk.</param>
    /// <param name="place">The socket, or with virtual functions the folder of sockets.</param>
    /// <param name="virtualFunctions">How many virtual functions it has, the disk divided among them; zero for a controller without any.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="BenchFailedException">It didn't come up.</exception>
    internal static async Task<ServedController> StartAsync(string image, string place, int virtualFunctions, CancellationToken cancellation)
    {
        List<string> arguments = ["serve", "nvme", "--disk", $"path={image}", "--vfio-user", place];
        if (virtualFunctions > 0)
        {
            arguments.AddRange("--vfs", virtualFunctions.ToString(CultureInfo.InvariantCulture));
        }

        ServedController controller = new(Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        try
        {
            IEnumerable<string> sockets = virtualFunctions == 0 ? [place] : Enumerable.Range(1, virtualFunctions).Select(function => SocketOf(place, function));
            foreach (string socket in sockets)
            {
                await controller.WaitForAsync(socket, cancellation);
            }

            return controller;
        }
        catch
        {
            controller.Dispose();
            throw;
        }
    }

    /// <summary>The socket of a virtual function, counted from 1, of a controller that is served in a folder.</summary>
    internal static string SocketOf(string folder, int virtualFunction) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"vf{virtualFunction}.sock"));

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing of its disk is of use any more.
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static bool IsListening(string socket) =>
        File.ReadLines("/proc/net/unix").Any(line =>
            line.EndsWith(" " + socket, StringComparison.Ordinal)
            && line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[FlagsColumn] == Listening);

    private async Task WaitForAsync(string socket, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        while (!IsListening(socket))
        {
            if (_process.HasExited)
            {
                throw new BenchFailedException($"'viaduct serve' ended with status {_process.ExitCode}: {(await _errors).Trim()}", "");
            }

            if (Stopwatch.GetElapsedTime(began) > _limit)
            {
                throw new BenchFailedException($"'viaduct serve' has made no socket {socket} for {_limit.TotalSeconds:F0} s", "");
            }

            await Task.Delay(_betweenLooks, cancellation);
        }
    }
}
