using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Viaduct.Cli.Guests;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>A process whose standard input and output are those of <see cref="WorkloadScript"/>: a monitor with a guest, or a shell.</summary>
internal sealed class WorkloadProcess : IDisposable
{
    // Generous: what hasn't happened by then never will.
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(10);
    private const int TicksPerSecond = 100;

    private readonly Channel<(GuestMark Mark, WorkloadSample Time)> _marks = Channel.CreateUnbounded<(GuestMark, WorkloadSample)>();
    private readonly GuestConsole _console;
    private readonly Process _process;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly string _name;

    /// <param name="name">For people.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="verbose">Where its output goes too, or null.</param>
    internal WorkloadProcess(string name, string program, IReadOnlyList<string> arguments, TextWriter? verbose)
    {
        _name = name;
        _console = new GuestConsole(Follow, verbose);
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _ = ReadAsync();
    }

    /// <summary>Waits until the script takes workloads.</summary>
    /// <returns>What that took since the process was started.</returns>
    /// <exception cref="BenchFailedException">It didn't come up.</exception>
    internal async Task<WorkloadSample> BeReadyAsync(CancellationToken cancellation) => (await NextAsync("ready", cancellation)).Time;

    /// <summary>Runs a workload.</summary>
    /// <exception cref="BenchFailedException">It failed.</exception>
    internal async Task<WorkloadSample> RunAsync(Workload workload, CancellationToken cancellation)
    {
        Type(workload.Name);
        (_, WorkloadSample begin) = await NextAsync("begin", cancellation);
        (GuestMark mark, WorkloadSample end) = await NextAsync("end", cancellation);
        return mark.Word(0) == "0"
            ? new WorkloadSample(end.Seconds - begin.Seconds, end.CpuSeconds - begin.CpuSeconds)
            : throw Failed($"{workload.Title} ended with status {mark.Word(0)}");
    }

    /// <summary>Lets the script end.</summary>
    internal async Task EndAsync(CancellationToken cancellation)
    {
        Type("end");
        await _process.WaitForExitAsync(cancellation).WaitAsync(_limit, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Type(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[4096];
        Stream output = _process.StandardOutput.BaseStream;
        for (int count; (count = await output.ReadAsync(buffer)) > 0;)
        {
            _console.Write(buffer.AsSpan(0, count));
        }

        _marks.Writer.Complete();
    }

    private void Follow(string line)
    {
        if (GuestMark.TryParse(line) is { } mark)
        {
            _marks.Writer.TryWrite((mark, new WorkloadSample(Stopwatch.GetElapsedTime(_began).TotalSeconds, CpuSeconds())));
        }
    }

    // utime, stime, cutime and cstime (proc(5)). The name before them, in parentheses, may hold anything.
    private double CpuSeconds()
    {
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/stat"));
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        const int UserTime = 11;
        return fields.Skip(UserTime).Take(4).Sum(field => long.Parse(field, CultureInfo.InvariantCulture)) / (double)TicksPerSecond;
    }

    private async Task<(GuestMark Mark, WorkloadSample Time)> NextAsync(string verb, CancellationToken cancellation)
    {
        try
        {
            (GuestMark, WorkloadSample) next = await _marks.Reader.ReadAsync(cancellation).AsTask().WaitAsync(_limit, cancellation);
            return next.Item1.Verb == verb ? next : throw Failed($"'{next.Item1.Verb}' came where '{verb}' was due");
        }
        catch (ChannelClosedException)
        {
            throw Failed("it ended early");
        }
        catch (TimeoutException)
        {
            throw Failed($"it said nothing for {_limit.TotalMinutes:F0} minutes");
        }
    }

    private BenchFailedException Failed(string message) => new($"{_name}: {message}", _console.Tail());
}
