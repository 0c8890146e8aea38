using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class DoorbellWatchTests : IDisposable
{
    private readonly TestBoard _board = new();
    private readonly HostMemory _memory = new("doorbells", HostMemory.PageSize);
    private readonly RecordingTrap _trap = new();
    private readonly HandClock _clock = new();
    private readonly DoorbellPage _page;
    private readonly DoorbellWatch _watch;
    private int _wakes;

    public DoorbellWatchTests()
    {
        _page = new DoorbellPage(_board.First.Function.Bars[0], 0, _memory, () => _wakes++);
        _watch = new DoorbellWatch(_page, _clock);
    }

    public void Dispose()
    {
        _memory.Dispose();
        _board.Dispose();
    }

    [Fact]
    public void Pause_WithoutTrap_SleepsForGood()
    {
        _watch.Worked();
        Assert.Equal(Timeout.InfiniteTimeSpan, _watch.Pause());
    }

    [Fact]
    public void Pause_TrappedAtFirst_SleepsForGood()
    {
        _page.Trap = _trap;
        Assert.Equal(Timeout.InfiniteTimeSpan, _watch.Pause());
        Assert.Empty(_trap.Calls);
    }

    [Fact]
    public void Pause_AfterWork_LooksAgainThenDozesThenAsksForTheTrap()
    {
        _page.Trap = _trap;
        _watch.Worked();
        Assert.Equal(["disarm"], _trap.Calls);
        Assert.Equal(TimeSpan.Zero, _watch.Pause());
        _clock.Now += TimeSpan.FromMicroseconds(500);
        TimeSpan doze = _watch.Pause();
        Assert.InRange(doze, TimeSpan.FromMicroseconds(1), TimeSpan.FromMilliseconds(1));
        _clock.Now += TimeSpan.FromMilliseconds(20);
        Assert.NotEqual(Timeout.InfiniteTimeSpan, _watch.Pause());
        Assert.Equal(["disarm", "arm"], _trap.Calls);
        Assert.NotEqual(Timeout.InfiniteTimeSpan, _watch.Pause());
        Assert.Equal(2, _trap.Calls.Count);
    }

    [Fact]
    public void Trapped_InAnswer_WakesForAnotherLookAndLetsSleep()
    {
        AskForTrap();
        int before = _wakes;
        _page.Trapped(_trap.Ticket);
        Assert.Equal(before + 1, _wakes);
        Assert.Equal(Timeout.InfiniteTimeSpan, _watch.Pause());
    }

    [Fact]
    public void Trapped_WithAnOutdatedTicket_SaysNothing()
    {
        AskForTrap();
        long outdated = _trap.Ticket;
        _page.Trapped(outdated);
        _watch.Worked();
        AskAgain();
        _page.Trapped(outdated);
        Assert.NotEqual(Timeout.InfiniteTimeSpan, _watch.Pause());
    }

    [Fact]
    public void Worked_WhileTheTrapIsAskedFor_TakesTheAnswerAndGivesThePageBack()
    {
        AskForTrap();
        _watch.Worked();
        Assert.Equal(["disarm", "arm"], _trap.Calls);
        _page.Trapped(_trap.Ticket);
        _watch.Worked();
        Assert.Equal(["disarm", "arm", "disarm"], _trap.Calls);
    }

    [Fact]
    public void Trap_TakenAway_LetsSleepThoughItNeverAnswered()
    {
        AskForTrap();
        _page.Trap = null;
        Assert.Equal(Timeout.InfiniteTimeSpan, _watch.Pause());
    }

    private void AskForTrap()
    {
        _page.Trap = _trap;
        _watch.Worked();
        AskAgain();
    }

    private void AskAgain()
    {
        _watch.Pause();
        _clock.Now += TimeSpan.FromMilliseconds(20);
        _watch.Pause();
    }

    private sealed class RecordingTrap : IDoorbellTrap
    {
        public List<string> Calls { get; } = [];

        public long Ticket { get; private set; }

        public void Arm(long ticket)
        {
            Ticket = ticket;
            Calls.Add("arm");
        }

        public void Disarm() => Calls.Add("disarm");
    }

    private sealed class HandClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
