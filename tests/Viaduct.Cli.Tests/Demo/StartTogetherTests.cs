using Viaduct.Cli.Demo;

namespace Viaduct.Cli.Tests.Demo;

public sealed class StartTogetherTests
{
    [Fact]
    public void Arrive_LastOfAll_LetsEachGoOnce()
    {
        StartTogether start = new(3);
        List<int> gone = [];
        start.Arrive(() => gone.Add(1));
        start.Arrive(() => gone.Add(2));
        Assert.Empty(gone);
        start.Arrive(() => gone.Add(3));
        Assert.Equal([1, 2, 3], gone);
    }

    [Fact]
    public void Leave_WhileOthersWait_WaitsForItNoMore()
    {
        StartTogether start = new(2);
        bool gone = false;
        start.Arrive(() => gone = true);
        start.Leave();
        Assert.True(gone);
    }
}
