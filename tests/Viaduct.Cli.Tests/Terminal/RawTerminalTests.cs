using System.Diagnostics;

namespace Viaduct.Cli.Tests.Terminal;

/// <summary><c>viaduct run</c> on a terminal: raw while the guest runs, and as it was afterwards, however that came.</summary>
public sealed class RawTerminalTests : IDisposable
{
    private const int Aborted = 128 + 6;

    /// <summary>Only a hang takes as long.</summary>
    private static readonly TimeSpan _guard = TimeSpan.FromSeconds(60);

    private readonly TerminalPair _pair = new();
    private readonly string _kernel = Path.GetTempFileName();

    public RawTerminalTests() => File.WriteAllBytes(_kernel, TinyKernel.Build());

    [Fact]
    public async Task Terminal_IsPutBack_WhenTheGuestPowersOff() =>
        Assert.Equal(ExitCodes.Success, await RunUntil(_ => _pair.Type("k")));

    [Fact]
    public async Task Terminal_IsPutBack_WhenTheUserLeaves() =>
        Assert.Equal(ExitCodes.Interrupted, await RunUntil(_ => _pair.Type("\u0001x")));

    [Fact]
    public async Task Terminal_IsPutBack_AfterASignal() =>
        Assert.Equal(ExitCodes.Interrupted, await RunUntil(static process => Kill(process, TerminalPairCalls.SIGTERM)));

    [Fact]
    public async Task Terminal_IsPutBack_AfterAnExceptionThatNobodyTakes() =>
        Assert.Equal(Aborted, await RunUntil(static process => Kill(process, TerminalPairCalls.SIGUSR1)));

    public void Dispose()
    {
        _pair.Dispose();
        File.Delete(_kernel);
    }

    private static void Kill(Process process, int signal) => Assert.Equal(0, TerminalPairCalls.kill(process.Id, signal));

    /// <summary>Runs the guest, ends it by some means, and expects the right settings before, meanwhile and afterwards.</summary>
    /// <returns>The exit status.</returns>
    private async Task<int> RunUntil(Action<Process> end)
    {
        string before = _pair.Settings;
        string raw = _pair.RawSettings;
        Assert.NotEqual(raw, before);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Start();
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellation);
            char[] said = new char[1];
            int count = await process.StandardOutput.ReadAsync(said.AsMemory(), cancellation).AsTask().WaitAsync(_guard, cancellation);
            Assert.True(count == 1 && said[0] == 'R', $"the guest didn't start: {(count == 0 ? await errors : said[0])}");
            Assert.Equal(raw, _pair.Settings);

            end(process);
            await process.WaitForExitAsync(cancellation).WaitAsync(_guard, cancellation);
        }
        finally
        {
            process.Kill();
        }

        Assert.Equal(before, _pair.Settings);
        return process.ExitCode;
    }

    private Process Start()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "viaduct");
        ProcessStartInfo start = new("/bin/sh", ["-c", "exec \"$0\" \"$@\" < \"$VIADUCT_TEST_TERMINAL\"", program, "run", "--kernel", _kernel, "--engine", "software"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["VIADUCT_TEST_TERMINAL"] = _pair.Path;
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(RawTerminalTests).Assembly.Location;
        return Process.Start(start)!;
    }
}
