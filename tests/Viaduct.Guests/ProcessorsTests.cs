using System.Globalization;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>Debian's kernel as it is on several processors, which work at once, go, come back and end together.</summary>
public sealed class ProcessorsTests : IDisposable
{
    private const int Processors = 4;
    private const int Jobs = 8;

    private const string Script = """
        echo "PROCESSORS $(grep -c ^processor /proc/cpuinfo)"
        mount -t tmpfs tmp /tmp

        # Each job makes the same bytes by many processes and pipes, and sums them up.
        job() { i=0; while [ $i -lt 20 ]; do echo "line $i" | sed s/line/row/; i=$((i+1)); done | sha256sum > /tmp/sum$1; }
        i=0; while [ $i -lt 8 ]; do job $i & i=$((i+1)); done; wait
        echo "SUMS $(cat /tmp/sum* | wc -l) $(cat /tmp/sum* | sort -u | wc -l)"

        # Every processor runs when it is told to, and ends and starts again by INIT and a start-up message.
        for cpu in 0 1 2 3; do taskset -c $cpu grep -c . /proc/self/stat > /tmp/on$cpu; done
        echo "PINNED $(cat /tmp/on* | wc -l)"
        for cpu in 1 2 3; do echo 0 > /sys/devices/system/cpu/cpu$cpu/online; done
        echo "LEFT $(grep -c ^processor /proc/cpuinfo)"
        for cpu in 1 2 3; do echo 1 > /sys/devices/system/cpu/cpu$cpu/online; done
        echo "BACK $(grep -c ^processor /proc/cpuinfo)"
        dmesg -r | grep -E '^<[0-3]>|[Ll]ockup|stall|BUG|WARNING|Call Trace|unstable' | sed 's/^/SUSPECT /'
        poweroff -f
        """;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();

    [Fact]
    public async Task FourProcessors_WorkTogetherGoAndComeBack()
    {
        MachineSpec spec = GuestRun.Spec(_files, Script) with { Cpus = Processors };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript);
        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        Assert.Equal(Processors, Number("PROCESSORS"));
        Assert.Equal($"{Jobs} 1", _transcript.After("SUMS").Trim());
        Assert.Equal(Processors, Number("PINNED"));
        Assert.Equal(1, Number("LEFT"));
        Assert.Equal(Processors, Number("BACK"));
        Assert.DoesNotContain("SUSPECT ", _transcript.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Crash_OnOneOfSixteen_EndsThemAll()
    {
        MachineSpec spec = GuestRun.Spec(_files, "taskset -c 15 sh -c 'echo c > /proc/sysrq-trigger'") with { Cpus = 16 };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript);
        Assert.Equal(MachineExitReason.Panic, exit.Reason);
    }

    public void Dispose() => _files.Dispose();

    private int Number(string word) => int.Parse(_transcript.After(word), CultureInfo.InvariantCulture);
}
