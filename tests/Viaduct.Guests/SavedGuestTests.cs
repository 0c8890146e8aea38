using System.Globalization;
using System.Text.RegularExpressions;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests;

/// <summary>A stock kernel that is saved while it boots and works, and goes on in another machine and another process.</summary>
public sealed partial class SavedGuestTests : IDisposable
{
    private const int Rounds = 60;

    // Each round is several processes and pipes on all processors, and counts.
    private const string Script = """
        mount -t tmpfs tmp /tmp
        job() { seq 1 300 | sed s/1/one/ | sha256sum > /tmp/$1; }
        n=0; while [ $n -lt 60 ]; do
          job a & job b & job c & wait
          n=$((n+1)); echo "ROUND $n $(cat /tmp/a /tmp/b /tmp/c | sort -u | wc -l)"
        done
        sleep 0.2
        echo "CLOCK $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
        dmesg -r | grep -E '^<[0-3]>|[Ll]ockup|stall|BUG|WARNING|Call Trace|unstable' | sed 's/^/SUSPECT /'
        echo END
        poweroff -f
        """;

    private readonly GuestFiles _files = new();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Guest_SavedAgainAndAgain_NoticesNothing(int cpus)
    {
        MachineSpec spec = GuestRun.Spec(_files, Script) with { Cpus = cpus, Engine = EngineChoice.Software };
        string state = _files.Path("state");
        Transcript transcript = new();
        long[] cuts = [3_000_000, 40_000_000, 150_000_000, 250_000_000, 500_000_000, 700_000_003, 1_000_000_007];
        int saved = 0;
        while (true)
        {
            using VirtualMachine machine = new(spec, transcript, new EventLog(TextWriter.Null), saved == 0 ? null : state);
            machine.Start();
            if (saved < cuts.Length)
            {
                long cut = cuts[saved];
                _ = SpinWait.SpinUntil(() => machine.Exited.IsCompleted || machine.Instructions >= cut, TimeSpan.FromMinutes(3));
                if (machine.TrySave(state))
                {
                    saved++;
                    continue;
                }
            }

            MachineExit exit = await machine.Exited.WaitAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
            machine.Dispose();
            Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
            break;
        }

        Assert.Equal(cuts.Length, saved);
        AssertWhole(transcript.Text);
    }

    [Fact]
    public async Task Guest_GoesOnInAnotherProcess()
    {
        string state = _files.Path("state");
        string[] options =
        [
            "run", "--kernel", GuestFiles.Kernel.Image, "--initrd", _files.RamDisk(Script),
            "--append", "console=ttyS0", "--memory", "256M", "--cpus", "2", "--engine", "software",
        ];
        string first;
        using (ViaductProcess before = new([.. options, "--save", state]))
        {
            await before.WroteAsync("ROUND 7 ");
            await before.TypeAsync("\u0001s");
            Assert.Equal(0, await before.EndAsync());
            Assert.Contains("--restore", before.Messages, StringComparison.Ordinal);
            first = before.Output;
        }

        Assert.DoesNotContain("END", first, StringComparison.Ordinal);
        using ViaductProcess after = new([.. options, "--restore", state]);
        Assert.Equal(0, await after.EndAsync());
        Assert.DoesNotContain("ROUND 7 ", after.Output, StringComparison.Ordinal);

        AssertWhole(first + after.Output);
    }

    public void Dispose() => _files.Dispose();

    // A line may have been cut in two: line ends are left out of it.
    private static void AssertWhole(string text)
    {
        string all = text.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
        IEnumerable<int> rounds = Round().Matches(all).Select(static match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        Assert.Equal(Enumerable.Range(1, Rounds), rounds);
        Assert.Contains("CLOCK tsc", all, StringComparison.Ordinal);
        Assert.Contains("END", all, StringComparison.Ordinal);
        Assert.DoesNotContain("SUSPECT ", all, StringComparison.Ordinal);
    }

    [GeneratedRegex("ROUND ([0-9]+) 1")]
    private static partial Regex Round();
}
