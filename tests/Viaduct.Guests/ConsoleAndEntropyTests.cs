using System.Globalization;
using System.Text;
using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>A stock kernel with a virtio console for its terminal and a virtio source of random numbers.</summary>
public sealed class ConsoleAndEntropyTests : IDisposable
{
    private const string Script = """
        exec < /dev/hvc0 > /dev/hvc0 2>&1
        echo "SOURCE $(cat /sys/class/misc/hw_random/rng_current)"
        echo "RANDOM $(dd if=/dev/hwrng bs=64 count=16 iflag=fullblock 2>/dev/null | sha256sum)"
        echo "BYTES $(dd if=/dev/hwrng bs=64 count=16 iflag=fullblock 2>/dev/null | wc -c)"
        while [ -z "$(stty size)" ]; do usleep 20000; done
        echo "SIZE $(stty size)"
        echo asking
        read answer
        echo "ANSWER $answer"
        echo resizing
        while [ "$(stty size)" = "25 80" ]; do usleep 20000; done
        echo "RESIZED $(stty size)"
        poweroff -f
        """;

    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();
    private readonly StringWriter _log = new();

    [Fact]
    public async Task VirtioConsole_TalksBothWaysAndResizes_WhileEntropyFlows()
    {
        MachineSpec spec = GuestRun.Spec(_files, Script) with { CommandLine = "console=hvc0", Console = ConsoleChoice.Virtio, Rng = true };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript, _log, async machine =>
        {
            machine.Console.Resize(80, 25);
            await _transcript.Seen("asking");
            byte[] line = Encoding.ASCII.GetBytes("forty two\n");
            Assert.Equal(line.Length, machine.Console.Receive(line));
            await _transcript.Seen("resizing");
            machine.Console.Resize(132, 50);
        });

        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        Assert.StartsWith("virtio_rng", _transcript.After("SOURCE"), StringComparison.Ordinal);
        Assert.Equal(1024, int.Parse(_transcript.After("BYTES"), CultureInfo.InvariantCulture));
        Assert.Equal("25 80", _transcript.After("SIZE"));
        Assert.Equal("forty two", _transcript.After("ANSWER"));
        Assert.Equal("50 132", _transcript.After("RESIZED"));
        Assert.Equal("", _log.ToString());
    }

    public void Dispose()
    {
        _files.Dispose();
        _log.Dispose();
    }
}
