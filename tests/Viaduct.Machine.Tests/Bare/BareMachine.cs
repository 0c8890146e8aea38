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
    {
        File.WriteAllBytes(_kernel, kernel);
        Machine = new VirtualMachine(new MachineSpec { Kernel = _kernel, Memory = memory, Disks = disks, Engine = EngineChoice.Software }, Console, new EventLog(_log));
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

    /// <summary>Starts, waits for the end, and takes the machine apart.</summary>
    public (MachineExit Exit, string Text) RunToEnd()
    {
        Machine.Start();
        return RunOn();
    }

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

    public void Dispose() => DisposeGuarded();

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
