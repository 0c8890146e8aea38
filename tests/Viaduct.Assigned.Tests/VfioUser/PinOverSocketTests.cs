using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>
/// A device with nothing but a pin, served over a socket and assigned to a machine without processors. Its register
/// holds the causes of the interrupt: one or more assert the pin, and what is written is cleared of them.
/// </summary>
public sealed class PinOverSocketTests : IAccessHandler, IDisposable
{
    private const int Command = 4;
    private const uint MemoryAndMaster = 6;
    private const uint PinDisabled = 1 << 10;
    private const ulong Causes = FakeMachine.Bar0;
    private const ulong Scratch = FakeMachine.Bar0 + 8;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-pin-");
    private readonly FakeMachine _machine = new();
    private readonly ServedMemory _memory = new();
    private readonly Lock _lock = new();
    private readonly IInterruptLine _pin;
    private readonly VfioUserServer _server;
    private readonly IAssignedDevice _device;
    private readonly AssignedFunction _assigned;
    private uint _causes;

    public PinOverSocketTests()
    {
        DeviceCounters counters = new("device", Road.Assigned);
        PciFunction function = new("device", new PciIdentity(0x494F, 0x0DC8, 0, 0x07_8000, 0, 0), _memory.NewTarget(counters), counters);
        _ = function.AddBar(0, PciBarKind.Memory32, 0x1000).Map(0, 0x10, this);
        _pin = function.IntX;
        function.Reset += () => Change(uint.MaxValue, 0);
        string path = Path.Combine(_folder.FullName, "device.sock");
        _server = new VfioUserServer(path, function, _memory, new EventLog(TextWriter.Null));
        _device = new VfioUserSource(path, "guest 'a'").Open();
        _assigned = _machine.Assign(_device);
    }

    private FakeLine Line => _machine.Lines[1];

    private PciFunction Guests => _assigned.Function;

    public void Dispose()
    {
        _machine.Port.Remove(Guests);
        _assigned.Dispose();
        _device.Dispose();
        _server.Dispose();
        _machine.Dispose();
        _folder.Delete(recursive: true);
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = offset == 0 ? Volatile.Read(ref _causes) : 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (offset == 0)
        {
            Change((uint)value, 0);
        }

        return AccessStatus.Done;
    }

    [Fact]
    public void Level_ComesBackUntilItsCauseIsGone()
    {
        Change(0, 1);
        Assert.True(Line.WaitAsserted());
        Assert.Equal(1, Line.Rises);

        // A handler that looks and leaves the cause is interrupted again.
        Assert.Equal(1UL, _machine.Read(Causes));
        Assert.True(Line.WaitAsserted());
        Assert.Equal(2, Line.Rises);
        _machine.Memory.Write(Causes, 4, 1);
        Assert.False(Line.Asserted);
        Change(0, 2);
        Assert.True(Line.WaitAsserted());
        Assert.Equal(3, Line.Rises);
    }

    [Fact]
    public void CauseThatComesWhileAnotherIsServed_IsNotLost()
    {
        for (uint round = 1; round <= 100; round++)
        {
            Change(0, 1);
            Assert.True(Line.WaitAsserted());
            Change(0, 2);
            _machine.Memory.Write(Causes, 4, 1);
            Assert.True(Line.WaitAsserted());
            Assert.Equal(2UL, _machine.Read(Causes));
            _machine.Memory.Write(Causes, 4, 2);
            Settle();
        }
    }

    [Fact]
    public void PinDisabled_IsSilent_AndEnabledAgainTellsWhatWaits()
    {
        Change(0, 1);
        Assert.True(Line.WaitAsserted());
        Guests.WriteConfig(Command, 2, MemoryAndMaster | PinDisabled);
        Assert.False(Line.Asserted);
        _ = _machine.Read(Scratch);
        Assert.False(Line.Asserted);
        Guests.WriteConfig(Command, 2, MemoryAndMaster);
        Assert.True(Line.WaitAsserted());
        _machine.Memory.Write(Causes, 4, 1);
        Assert.False(Line.Asserted);
    }

    [Fact]
    public void Reset_TakesTheInterruptAway_AndThePinWorksAfterIt()
    {
        Change(0, 1);
        Assert.True(Line.WaitAsserted());
        Guests.SystemReset();
        Assert.False(Line.Asserted);
        Guests.WriteConfig(0x10, 4, (uint)FakeMachine.Bar0);
        Guests.WriteConfig(Command, 2, MemoryAndMaster);
        Change(0, 4);
        Assert.True(Line.WaitAsserted());
    }

    [Fact]
    public void Bars_AreNotMapped_SoThatTheGuestsAccessesAreSeen()
    {
        long before = _machine.Counters.Read().Exits;
        _ = _machine.Read(Scratch);
        Assert.Equal(before + 1, _machine.Counters.Read().Exits);
    }

    // A raise that was under way when the guest cleared its cause may come late; one more access takes it away.
    private void Settle() => Assert.True(SpinWait.SpinUntil(
        () =>
        {
            _ = _machine.Read(Scratch);
            return !Line.Asserted;
        },
        TimeSpan.FromSeconds(30)));

    private void Change(uint cleared, uint set)
    {
        lock (_lock)
        {
            _causes = (_causes & ~cleared) | set;
            _pin.Set(_causes != 0);
        }
    }
}
