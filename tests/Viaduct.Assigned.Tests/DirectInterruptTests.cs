using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests;

/// <summary>A device whose interrupts go to the engine past the monitor.</summary>
public sealed class DirectInterruptTests : IDisposable
{
    private const int MsixControl = 0xB2;
    private readonly List<IDisposable> _owned = [];
    private AssignedFunction? _assigned;
    private FakeMachine? _machine;

    public void Dispose()
    {
        if (_assigned is not null)
        {
            if (_assigned.Function.Bus is not null)
            {
                _machine!.Port.Remove(_assigned.Function);
            }

            _assigned.Dispose();
        }

        _owned.ForEach(each => each.Dispose());
    }

    [Fact]
    public void Vector_IsTheGuestsWithoutARelay()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(), new FakeDevice());
        Unmask(2);
        Enable();
        FakeEvents.Message message = Assert.Single(events.Messages);
        Assert.Same(message.Signal, device.Targets[(AssignedInterrupt.Msix, 2)]);
        Assert.Equal((0xFEE0_0000UL, 0x42u), message.Connected);
        device.Targets[(AssignedInterrupt.Msix, 2)].Signal();
        Assert.True(message.Signal.IsRaised);
        Assert.Equal(0, _machine!.WaitingMessages);
        Assert.True(_assigned!.HasDirectInterrupts);
    }

    [Fact]
    public void Vector_Masked_KeepsItsConnectionToTheDevice()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(), new FakeDevice());
        Unmask(2);
        Enable();
        int requests = device.Requests.Count;
        _machine!.Memory.Write(Entry(2) + 12, 4, 1);
        Assert.Null(events.Messages[0].Connected);
        device.Targets[(AssignedInterrupt.Msix, 2)].Signal();
        Assert.Equal(4UL, _machine.Read(FakeMachine.Bar0 + FakeDevice.PendingPage, 8));
        _machine.Memory.Write(Entry(2) + 12, 4, 0);
        Assert.NotNull(events.Messages[0].Connected);
        Assert.Equal(requests, device.Requests.Count);
    }

    [Fact]
    public void Vectors_ThatTheEngineHasNoRoomFor_AreRelayed()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(room: 1), new FakeDevice());
        Unmask(0);
        Unmask(1);
        Enable();
        Assert.Single(events.Messages);
        device.Targets[(AssignedInterrupt.Msix, 1)].Signal();
        Assert.Equal((0xFEE0_0000UL, 0x41u), _machine!.NextMessage());
        Assert.Equal(1, _assigned!.RelayedInterrupts);
    }

    [Fact]
    public void Dispose_TakesTheVectorsFromTheEngine()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(), new FakeDevice());
        Unmask(2);
        Enable();
        _machine!.Port.Remove(_assigned!.Function);
        _assigned.Dispose();
        Assert.True(events.Messages[0].IsDisposed);
        Assert.True(events.Messages[0].Signal.IsClosed);
        Assert.Empty(device.Targets);
    }

    [Fact]
    public void Pin_OfADeviceThatCanResample_NeedsNoTraps()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(), new FakeDevice { CanResample = true });
        FakeEvents.Pin pin = Assert.Single(events.Pins);
        Assert.Equal(17, pin.GlobalSystemInterrupt);
        Assert.Same(pin.Signal, device.Targets[(AssignedInterrupt.Intx, 0)]);
        Assert.Same(pin.Resample, device.Resample);
        Assert.NotNull(_machine!.Memory.Current.Find(FakeMachine.Bar2)!.Memory);

        Enable();
        Assert.True(pin.IsDisposed);
        Assert.True(pin.Signal.IsClosed);
        Assert.DoesNotContain(device.Targets.Keys, key => key.Kind == AssignedInterrupt.Intx);
        _assigned!.Function.WriteConfig(MsixControl, 2, 0);
        Assert.Equal(2, events.Pins.Count);
        Assert.Same(events.Pins[1].Signal, device.Targets[(AssignedInterrupt.Intx, 0)]);
    }

    [Fact]
    public void Pin_OfADeviceThatCannot_IsRelayed()
    {
        (FakeEvents events, FakeDevice device) = Assign(new FakeEvents(), new FakeDevice());
        Assert.All(events.Pins, pin => Assert.True(pin.IsDisposed));
        Assert.Null(_machine!.Memory.Current.Find(FakeMachine.Bar2)!.Memory);
        device.Targets[(AssignedInterrupt.Intx, 0)].Signal();
        Assert.True(_machine.Lines[1].WaitAsserted());
        _ = _machine.Read(FakeMachine.Bar2 + 0x10);
        Assert.False(_machine.Lines[1].Asserted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void PlainDoorbells_MayBecomeEventfds_AndTheirCountIsTheDevices(bool matches)
    {
        using EventFd signal = new();
        FakeDevice device = new();
        device.AddDoorbell(new AssignedDoorbell(0x80, 4, signal, null, 0) { Match = matches ? 7u : null });
        Assign(new FakeEvents(), device);
        FlatRange range = _machine!.Memory.Current.Find(FakeMachine.Bar0 + 0x80)!;
        (ulong address, DoorbellSignal seen) = Assert.Single(range.Signals);
        Assert.Equal(FakeMachine.Bar0 + 0x80, address);
        Assert.Equal(new DoorbellSignal(0, matches ? 4 : 0, signal) { Value = matches ? 7u : null, IsCounted = false }, seen);

        // Where the engine can't, the handler does the same.
        _machine.Memory.Write(FakeMachine.Bar0 + 0x80, 4, 9);
        Assert.Equal(!matches, signal.TryConsume());
        Assert.Equal(matches, device.Writes.Exists(write => write is { Region: 0, Offset: 0x80, Data: [9, 0, 0, 0] }));
        _machine.Memory.Write(FakeMachine.Bar0 + 0x80, 4, 7);
        Assert.True(signal.TryConsume());
    }

    [Theory]
    [InlineData(true, 5)]
    [InlineData(false, 0)]
    public void Counts_OfInterruptsThatPassed_AreTheDevices(bool direct, long expected)
    {
        FakeDevice device = new();
        Assign(direct ? new FakeEvents() : null, device);
        Unmask(0);
        Enable();
        SlotCounts counts = new();
        counts.Begin(device, _assigned!);
        device.Counted += 5;
        device.Raised += 5;
        DeviceCounts read = counts.Read();
        Assert.Equal((5, expected, false), (read.Requests, read.Interrupts, read.MissesInterrupts));
        device.Lose();
        counts.End();
        Assert.Equal(expected, counts.Read().Interrupts);
    }

    [Fact]
    public void Counts_OfADeviceThatTellsNothing_SayThatInterruptsAreMissed()
    {
        FakeDevice device = new() { TellsCounts = false };
        Assign(new FakeEvents(), device);
        Unmask(0);
        Enable();
        SlotCounts counts = new();
        counts.Begin(device, _assigned!);
        Assert.True(counts.Read().MissesInterrupts);
    }

    private static ulong Entry(int vector) => FakeMachine.Bar0 + FakeDevice.TablePage + ((ulong)vector * 16);

    private (FakeEvents Events, FakeDevice Device) Assign(FakeEvents? events, FakeDevice device)
    {
        _machine = new FakeMachine(events);
        _owned.Add(device);
        _owned.Add(_machine);
        _assigned = _machine.Assign(device);
        return (events!, device);
    }

    private void Enable() => _assigned!.Function.WriteConfig(MsixControl, 2, 0x8000);

    private void Unmask(int vector)
    {
        _machine!.Memory.Write(Entry(vector), 4, 0xFEE0_0000);
        _machine.Memory.Write(Entry(vector) + 8, 4, 0x40 + (ulong)vector);
        _machine.Memory.Write(Entry(vector) + 12, 4, 0);
    }
}
