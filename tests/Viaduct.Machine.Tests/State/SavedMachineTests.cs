using Iced.Intel;
using Viaduct.Machine.Tests.Bare;
using Viaduct.Machine.Tests.Hostile;
using Viaduct.Platform.State;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.State;

/// <summary>Machines that are saved while they run, and files of such states.</summary>
public sealed class SavedMachineTests : IDisposable
{
    private const ushort SerialPort = 0x3F8;
    private const byte ScratchValue = 0x5A;
    private const uint ConfigAddress = 0x8000_003C;
    private const byte InterruptLine = 0xC3;
    private const ulong FarPage = 40UL << 20;

    private readonly string _state = Path.GetTempFileName();

    [Fact]
    public async Task Machine_GoesOnWithItsBoardMemoryAndInput()
    {
        await SaveAsync();
        using BareMachine restored = new(_state);
        restored.Machine.Console.Receive("y"u8);
        (MachineExit exit, string text) = restored.RunToEnd();
        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        Assert.Equal("ok", text);
    }

    [Fact]
    public async Task AMachineThatHasEnded_IsNotSaved()
    {
        using BareMachine bare = new(static c => c.End("ok"));
        bare.Machine.Start();
        _ = await EndAsync(bare);
        Assert.False(bare.Machine.TrySave(_state));
        Assert.Empty(File.ReadAllBytes(_state));
    }

    [Fact]
    public async Task WhereTheFileCantBeWritten_TheMachineGoesOn()
    {
        using BareMachine bare = new(WaitForInput);
        bare.Machine.Start();
        await bare.Console.Spoke;
        IOException error = Assert.Throws<IOException>(() => bare.Machine.TrySave("/nowhere/state"));
        Assert.Contains("/nowhere/state", error.Message, StringComparison.Ordinal);
        bare.Machine.Console.Receive("xy"u8);
        (_, string text) = bare.RunOn();
        Assert.Equal(".ok", text);
    }

    [Fact]
    public async Task AMachineWithDevices_SaysThatItCantBeSaved()
    {
        using HostileDisk disk = new();
        using BareMachine bare = new(static c => c.Halt(), disk.Emulated);
        Assert.NotNull(bare.Machine.SavingProblem);
        Assert.Throws<InvalidOperationException>(() => bare.Machine.TrySave(_state));
        await SaveAsync();
        using HostileDisk other = new();
        Assert.Throws<StateException>(() => new BareMachine(_state, disks: other.Emulated));
    }

    [Fact]
    public async Task AStateOfAnotherMachine_IsRefused()
    {
        await SaveAsync();
        StateException error = Assert.Throws<StateException>(() => new BareMachine(_state, memory: 128UL << 20));
        Assert.Contains("--memory 64M", error.Message, StringComparison.Ordinal);
        Assert.Throws<StateException>(() => new BareMachine("/nowhere/state"));
    }

    [Fact]
    public async Task AStateCutShort_IsRefused()
    {
        await SaveAsync();
        byte[] whole = File.ReadAllBytes(_state);
        for (int length = 0; length < whole.Length; length += (length / 3) + 1)
        {
            File.WriteAllBytes(_state, whole[..length]);
            Assert.Throws<StateException>(() => new BareMachine(_state));
        }
    }

    [Fact]
    public async Task AStateWithBytesChanged_IsRefusedOrRunsSomehow()
    {
        await SaveAsync();
        byte[] whole = File.ReadAllBytes(_state);
        Random random = new(4);
        int refused = 0;
        for (int i = 0; i < 300; i++)
        {
            byte[] changed = [.. whole];
            for (int change = 0; change < 3; change++)
            {
                // Parts come first, memory behind them.
                changed[random.Next(Math.Min(changed.Length, 10_000))] = (byte)random.Next();
            }

            File.WriteAllBytes(_state, changed);
            try
            {
                using BareMachine bare = new(_state);
                bare.Machine.Start();
                _ = SpinWait.SpinUntil(() => bare.Machine.Exited.IsCompleted, TimeSpan.FromMilliseconds(2));
                bare.Machine.Stop();
                Assert.NotEqual(MachineExitReason.InternalError, (await bare.Machine.Exited).Reason);
            }
            catch (StateException)
            {
                refused++;
            }
        }

        Assert.True(refused > 0);
    }

    public void Dispose() => File.Delete(_state);

    // A guest that has written registers of the board and memory, has taken an X, and waits for a Y.
    private async Task SaveAsync()
    {
        using BareMachine bare = new(WaitForInput);
        bare.Machine.Start();
        await bare.Console.Spoke;
        bare.Machine.Console.Receive("x"u8);
        Assert.True(bare.Machine.TrySave(_state));
        Assert.Equal(MachineExitReason.Saved, (await EndAsync(bare)).Reason);
    }

    private static Task<MachineExit> EndAsync(BareMachine bare) =>
        bare.Machine.Exited.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    private static void WaitForInput(BareCode c)
    {
        Assembler a = c.A;
        a.mov(edx, SerialPort + 7);
        a.mov(al, ScratchValue);
        a.@out(dx, al);
        a.mov(al, 0x70);
        a.mov(edx, 0x70);
        a.@out(dx, al);
        a.mov(al, ScratchValue);
        a.@out(0x71, al);
        a.mov(edx, 0xCF8);
        a.mov(eax, ConfigAddress);
        a.@out(dx, eax);
        a.mov(edx, 0xCFC);
        a.mov(al, unchecked((sbyte)InterruptLine));
        a.@out(dx, al);
        a.mov(rdi, FarPage);
        a.mov(rax, 0x1122_3344_5566_7800);
        a.mov(__[rdi], rax);
        a.cvtsi2sd(xmm7, rax);
        c.Print(".");
        Take(a, (byte)'x');
        Take(a, (byte)'y');
        Check(c);
        c.End("ok");
    }

    private static void Take(Assembler a, byte character)
    {
        Label wait = a.CreateLabel();
        a.Label(ref wait);
        a.mov(edx, SerialPort + 5);
        a.@in(al, dx);
        a.test(al, 1);
        a.jz(wait);
        a.mov(edx, SerialPort);
        a.@in(al, dx);
        a.cmp(al, (sbyte)character);
        a.jne(wait);
    }

    private static void Check(BareCode c)
    {
        Assembler a = c.A;
        a.cvttsd2si(rcx, xmm7);
        a.mov(rdi, FarPage);
        a.mov(rax, __[rdi]);
        a.sub(rax, rcx);
        c.Expect(0, "memory and SSE");
        a.xor(eax, eax);
        a.mov(edx, SerialPort + 7);
        a.@in(al, dx);
        c.Expect(ScratchValue, "serial port");
        a.@in(al, 0x71);
        c.Expect(ScratchValue, "clock's RAM");
        a.mov(edx, 0xCFC);
        a.@in(al, dx);
        c.Expect(InterruptLine, "configuration space");
    }
}
