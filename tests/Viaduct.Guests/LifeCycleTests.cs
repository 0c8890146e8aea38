using System.Globalization;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>The ways in which a guest comes to its end.</summary>
public sealed class LifeCycleTests : IDisposable
{
    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();

    [Fact]
    public async Task Reboot_OfAGuestOf8GiB_IsAReset()
    {
        MachineSpec spec = GuestRun.Spec(_files, "grep MemTotal /proc/meminfo\nreboot -f") with { Memory = 8UL << 30 };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript);
        Assert.Equal(MachineExitReason.Reset, exit.Reason);
        string kibibytes = _transcript.After("MemTotal:").Replace("kB", "", StringComparison.Ordinal).Trim();
        Assert.InRange(long.Parse(kibibytes, CultureInfo.InvariantCulture), 7_700_000, 8 << 20);
    }

    [Fact]
    public async Task Crash_IsAPanicWithItsMessage()
    {
        MachineExit exit = await GuestRun.ToEnd(GuestRun.Spec(_files, "echo c > /proc/sysrq-trigger"), _transcript);
        Assert.Equal(MachineExitReason.Panic, exit.Reason);
        Assert.Contains("sysrq triggered crash", exit.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BreakOnTheConsole_IsTheSysRqKey()
    {
        MachineSpec spec = GuestRun.Spec(_files, "echo 1 > /proc/sys/kernel/sysrq\necho waiting\nsleep 1000");
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript, meanwhile: async machine =>
        {
            await _transcript.Seen("waiting");
            machine.Serial.ReceiveBreak();
            machine.Serial.Receive("b"u8);
        });
        Assert.Equal(MachineExitReason.Reset, exit.Reason);
    }

    [Fact]
    public async Task Stop_InTheMidstOfABoot_Stops()
    {
        MachineExit exit = await GuestRun.ToEnd(GuestRun.Spec(_files, "poweroff -f"), _transcript, meanwhile: async machine =>
        {
            await _transcript.Seen("Linux version");
            machine.Stop();
        });
        Assert.Equal(MachineExitReason.Stopped, exit.Reason);
    }

    public void Dispose() => _files.Dispose();
}
