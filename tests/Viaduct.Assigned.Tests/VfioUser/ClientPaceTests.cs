using Viaduct.Assigned.VfioUser.Server;

namespace Viaduct.Assigned.Tests.VfioUser;

public sealed class ClientPaceTests
{
    [Fact]
    public void Spend_BeyondTheBurst_IsPaidInTime()
    {
        StoppedTime time = new();
        ClientPace pace = new(time);
        for (int i = 0; i < 256; i++)
        {
            Assert.Equal(TimeSpan.Zero, pace.Spend(ClientPace.Reset));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(10), pace.Spend(ClientPace.Reset));
        Assert.Equal(TimeSpan.FromMilliseconds(20), pace.Spend(ClientPace.Reset));
        time.Ticks += TimeSpan.FromMilliseconds(30).Ticks;
        Assert.Equal(TimeSpan.Zero, pace.Spend(ClientPace.Reset));
    }

    [Fact]
    public void Spend_ThatIsNeverPaid_CostsTheNextASecondAtMost()
    {
        ClientPace pace = new(new StoppedTime());
        for (int i = 0; i < 10_000; i++)
        {
            _ = pace.Spend(ClientPace.Reset);
        }

        Assert.Equal(TimeSpan.FromSeconds(1), pace.Spend(ClientPace.Reset));
    }

    [Fact]
    public void Spend_OfAllMapsAtOnce_IsFree()
    {
        ClientPace pace = new(new StoppedTime());
        for (int i = 0; i < ServedMemory.MaxMaps; i++)
        {
            Assert.Equal(TimeSpan.Zero, pace.Spend(ClientPace.Map));
        }
    }

    private sealed class StoppedTime : TimeProvider
    {
        internal long Ticks { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;
    }
}
