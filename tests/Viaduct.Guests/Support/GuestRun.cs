using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Guests.Support;

/// <summary>A guest from power-on to its end.</summary>
internal static class GuestRun
{
    /// <summary>Longer than any guest here needs on a busy machine: one that hangs fails its test rather than the whole run.</summary>
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(3);

    /// <summary>Runs one.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="transcript">Gets its console.</param>
    /// <param name="log">Gets what devices report.</param>
    /// <param name="meanwhile">What the test does while it runs.</param>
    /// <param name="limit">How long it may take, where that is more than usual.</param>
    internal static async Task<MachineExit> ToEnd(
        MachineSpec spec, Transcript transcript, TextWriter? log = null, Func<VirtualMachine, Task>? meanwhile = null, TimeSpan? limit = null)
    {
        EventLog events = new(log ?? TextWriter.Null);
        using VirtualMachine machine = new(spec, transcript, events);
        machine.Start();
        try
        {
            if (meanwhile is not null)
            {
                await Task.WhenAny(meanwhile(machine), machine.Exited).Unwrap().WaitAsync(limit ?? _limit, TestContext.Current.CancellationToken);
            }

            MachineExit exit = await machine.Exited.WaitAsync(limit ?? _limit, TestContext.Current.CancellationToken);
            events.Flush();
            return exit;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"the guest didn't come to its end; its console:\n{transcript.Text}");
        }
    }

    /// <summary>A machine with a stock kernel.</summary>
    internal static MachineSpec Spec(GuestFiles files, string script) => new()
    {
        Kernel = GuestFiles.Kernel.Image,
        Initrd = files.RamDisk(script),
        CommandLine = "console=ttyS0",
        Memory = 256UL << 20,
    };
}
