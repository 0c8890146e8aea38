using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned.Tests;

/// <summary>A slot whose device goes and comes.</summary>
public sealed class AssignedSlotTests : IDisposable
{
    private readonly FakeMachine _machine = new();
    private readonly FakeSource _source = new();
    private readonly System.Collections.Concurrent.BlockingCollection<bool> _changes = [];

    public void Dispose()
    {
        _machine.Dispose();
        _changes.Dispose();
    }

    [Fact]
    public void LostDevice_IsPulledOut_AndPluggedInWhenItIsBack()
    {
        using AssignedSlot slot = NewSlot();
        FakeDevice first = _source.Last!;
        _source.Present = false;
        first.Lose();
        Assert.False(Next());
        Assert.Null(slot.Function);
        Assert.Empty(_machine.Port.Secondary.Functions);
        _source.Present = true;
        _source.Appear();
        Assert.True(Next());
        Assert.NotSame(first, _source.Last);
        Assert.Same(slot.Function, Assert.Single(_machine.Port.Secondary.Functions));
        Assert.Contains("is lost", _machine.Log.ToString(), StringComparison.Ordinal);
        Assert.Contains("is back", _machine.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void LostDevice_ThatIsThereAtOnce_IsPluggedInWithoutASign()
    {
        using AssignedSlot slot = NewSlot();
        _source.Last!.Lose();
        Assert.False(Next());
        Assert.True(Next());
        Assert.NotNull(slot.Function);
    }

    [Fact]
    public void Reattach_IsASign()
    {
        using AssignedSlot slot = NewSlot();
        _source.Present = false;
        _source.Last!.Lose();
        Assert.False(Next());
        _source.Present = true;
        slot.Reattach();
        Assert.True(Next());
    }

    [Fact]
    public void Counts_AreThoseOfAllDevicesThatWereThere()
    {
        using AssignedSlot slot = NewSlot();
        _source.Last!.Counted += 100;
        Assert.Equal(100, slot.Counters.Read().Requests);
        _source.Last.Lose();
        Assert.False(Next());
        Assert.True(Next());
        Assert.Equal(100, slot.Counters.Read().Requests);
        _source.Last.Counted += 5;
        Assert.Equal(105, slot.Counters.Read().Requests);
    }

    [Fact]
    public void AbsentDevice_IsNoSlot()
    {
        _source.Present = false;
        Assert.Throws<AssignedDeviceException>(NewSlot);
    }

    private bool Next() => _changes.TryTake(out bool plugged, TimeSpan.FromSeconds(30)) ? plugged : throw new TimeoutException("nothing changed");

    private AssignedSlot NewSlot()
    {
        AssignedSlot slot = new(new AssignedSlotOptions
        {
            Id = "device",
            Source = _source,
            Root = _machine.Root,
            Port = _machine.Port,
            Memory = _machine.Memory,
            Engine = new NoEngine(),
            Log = new EventLog(_machine.Log),
        });
        slot.Changed += _changes.Add;
        return slot;
    }

    private sealed class FakeSource : IAssignedDeviceSource
    {
        private Action? _appeared;

        public string Name => "fake:device";

        internal bool Present { get; set; } = true;

        internal FakeDevice? Last { get; private set; }

        public IAssignedDevice Open() => Present ? Last = new FakeDevice() : throw new AssignedDeviceException("not there");

        public IDisposable? Watch(Action appeared)
        {
            _appeared = appeared;
            return null;
        }

        internal void Appear() => _appeared!();
    }

    private sealed class NoEngine : IEngine
    {
        public IInterruptEvents? InterruptEvents => null;

        public string Name => "none";

        public IReadOnlyList<IVirtualCpu> Cpus => [];

        public IMsiSink Msi => throw new NotSupportedException();

        public IInterruptLine Line(int globalSystemInterrupt) => throw new NotSupportedException();

        public void Synchronize()
        {
        }

        public void Dispose()
        {
        }
    }
}
