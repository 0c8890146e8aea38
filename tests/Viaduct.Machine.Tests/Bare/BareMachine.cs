using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Xunit;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>A machine with a bare guest, and guards against its hanging.</summary>
internal sealed class BareMachine : IDisposable
{
    /// <summary>Only a hang takes as long.</summary>
    private static readonly TimeSpan _guard = TimeSpan.FromSeconds(60);

    private readonly string _kernel = Path.GetTempFileName();
    private readonly StringWriter _log = new();
    private bool _disposed;

    public BareMachine(byte[] kernel, ulong memory = 64UL << 20, params DiskSpec[] disks)
        : this(kernel, new MachineSpec { Kernel = "", Memory = memory, Disks = disks, Engine = EngineChoice.Software })
    {
    }

    /// <param name="kernel">The guest.</param>
    /// <param name="spec">The machine, but for its kernel's file.</param>
    public BareMachine(byte[] kernel, MachineSpec spec)
    {
        File.WriteAllBytes(_kernel, kernel);
        Machine = new VirtualMachine(spec with { Kernel = _kernel }, Console, new EventLog(_log));
    }

    /// <summary>One that goes on from a saved state.</summary>
    public BareMachine(string state, ulong memory = 64UL << 20, params DiskSpec[] disks) =>
        Machine = new VirtualMachine(new MachineSpec { Kernel = _kernel, Memory = memory, Disks = disks, Engine = EngineChoice.Software }, Console, new EventLog(_log), state);

    public BareMachine(Action<BareCode> write, params DiskSpec[] disks)
        : this(BareGuest.Build(write), disks: disks)
    {
    }

    public BareConsole Console { get; } = new();

    public VirtualMachine Machine { get; }

    /// <summary>Runs a guest to its end.</summary>
    public static (MachineExit Exit, string Text) Run(Action<BareCode> write, params DiskSpec[] disks)
    {
        using BareMachine bare = new(write, disks);
        return bare.RunToEnd();
    }

    /// <summary>Runs a guest that prints "ok" where all is well and powers off.</summary>
    public static void RunWell(Action<BareCode> write, params DiskSpec[] disks)
    {
        (MachineExit exit, string text) = Run(write, disks);
        Assert.True(exit.Reason == MachineExitReason.PowerOff, $"{exit} after \"{text}\"");
        Assert.Equal("ok", text);
    }

    /// <summary>Runs a guest that prints "ok" where all is well and powers off, in a machine of one's own.</summary>
    public static void RunWell(Action<BareCode> write, MachineSpec spec)
    {
        BareEngines.Require(spec.Engine);
        using BareMachine bare = new(BareGuest.Build(write), spec);
        (MachineExit exit, string text) = bare.RunToEnd();
        Assert.True(exit.Reason == MachineExitReason.PowerOff, $"{exit} after \"{text}\"");
        Assert.Equal("ok", text);
    }

    /// <summary>Runs a guest that makes the marks a and b (<see cref="BareCode.Mark"/>) and powers off.</summary>
    /// <param name="write">The guest's code.</param>
    /// <param name="spec">Its machine, which has one device.</param>
    /// <param name="isComplete">Whether everything that the device does is counted: its worker counts some of it after the guest has seen it.</param>
    /// <returns>What was counted up to the first mark, and up to the second.</returns>
    public static (DeviceCounts Begin, DeviceCounts End) CountBetweenMarks(Action<BareCode> write, MachineSpec spec, Func<DeviceCounts, bool> isComplete)
    {
        BareEngines.Require(spec.Engine);
        using BareMachine bare = new(BareGuest.Build(write), spec);
        DeviceCounters counters = bare.Machine.Devices[0].Counters;
        bare.Machine.Start();
        bare.AwaitMark("a");
        DeviceCounts begin = counters.Read();
        bare.PassMark();
        bare.AwaitMark("b");
        _ = SpinWait.SpinUntil(() => isComplete(counters.Read()), _guard);
        DeviceCounts end = counters.Read();
        bare.PassMark();
        Assert.True(bare.Machine.Exited.Wait(_guard), $"the guest hung after \"{bare.Console.Text}\"");
        Assert.Equal(MachineExitReason.PowerOff, bare.Machine.Exited.Result.Reason);
        return (begin, end);
    }

    /// <summary>Runs a guest that never ends, stops it once it has printed something, and expects that it was running until then.</summary>
    public static void RunUntilStopped(Action<BareCode> write, params DiskSpec[] disks)
    {
        using BareMachine bare = new(write, disks);
        bare.Machine.Start();
        _ = Task.WaitAny([bare.Console.Spoke, bare.Machine.Exited], _guard);
        Assert.True(bare.Console.Spoke.IsCompleted, "the guest said nothing");

        // Let it get into its stride: some of it is new code each time.
        long begun = bare.Machine.Instructions;
        _ = SpinWait.SpinUntil(() => bare.Machine.Exited.IsCompleted || bare.Machine.Instructions > begun + 100_000, TimeSpan.FromMilliseconds(50));
        Assert.False(bare.Machine.Exited.IsCompleted, bare.Machine.Exited.IsCompleted ? bare.Machine.Exited.Result.ToString() : "");
        bare.Machine.Stop();
        Assert.Equal(MachineExitReason.Stopped, bare.Machine.Exited.Result.Reason);
        bare.DisposeGuarded();
        Assert.DoesNotContain('!', bare.Console.Text);
    }

    /// <summary>Starts, types something when the guest has said something, waits for the end, and takes the machine apart.</summary>
    public (MachineExit Exit, string Text) RunToEnd(string afterwards, ReadOnlySpan<byte> input)
    {
        Machine.Start();
        AwaitMark(afterwards);
        Assert.Equal(input.Length, Machine.Console.Receive(input));
        return RunOn();
    }

    /// <summary>Starts, waits for the end, and takes the machine apart.</summary>
    public (MachineExit Exit, string Text) RunToEnd()
    {
        Machine.Start();
        return RunOn();
    }

    public void Dispose() => DisposeGuarded();

    /// <summary>Waits for the end of what was started, and takes the machine apart.</summary>
    public (MachineExit Exit, string Text) RunOn()
    {
        bool ended = Machine.Exited.Wait(_guard);
        if (!ended)
        {
            Machine.Stop();
        }

        DisposeGuarded();
        Assert.True(ended, $"the guest hung after \"{Console.Text}\"; {_log}");
        return (Machine.Exited.Result, Console.Text);
    }

    private void AwaitMark(string mark) =>
        Assert.True(Console.WaitForEnd(mark, _guard), $"no mark {mark} after \"{Console.Text}\"; {_log}");

    private void PassMark() => Assert.Equal(1, Machine.Console.Receive("."u8));

    private void DisposeGuarded()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        bool done = Task.Run(Machine.Dispose).Wait(_guard);
        File.Delete(_kernel);
        _log.Dispose();
        Assert.True(done, "the machine could not be taken apart");
    }
}
