using Viaduct.Platform.Accounting;
using Xunit;

namespace Viaduct.Platform.Tests.Accounting;

public sealed class EventLogTests : IDisposable
{
    private readonly StringWriter _writer = new() { NewLine = "\n" };
    private readonly ManualTime _time = new();

    public void Dispose() => _writer.Dispose();

    [Fact]
    public void Warn_MoreThanTheRate_IsCountedAndReportedLater()
    {
        EventLog log = new(_writer, _time, lines: 2, TimeSpan.FromSeconds(5));
        for (int i = 1; i <= 5; i++)
        {
            log.Warn("nvme0", $"bad command {i}");
        }

        log.Warn("vda", "its own rate");
        Assert.Equal("viaduct: nvme0: bad command 1\nviaduct: nvme0: bad command 2\nviaduct: vda: its own rate\n", Take());
        _time.Now += TimeSpan.FromSeconds(5);
        log.Warn("nvme0", "again");
        Assert.Equal("viaduct: nvme0: suppressed 3 more\nviaduct: nvme0: again\n", Take());
    }

    [Fact]
    public void Flush_ReportsWhatIsHeldBack()
    {
        EventLog log = new(_writer, _time, lines: 1);
        log.Warn("a", "one");
        log.Warn("a", "two");
        log.Flush();
        log.Flush();
        Assert.Equal("viaduct: a: one\nviaduct: a: suppressed 1 more\n", Take());
    }

    private string Take()
    {
        string text = _writer.ToString();
        _writer.GetStringBuilder().Clear();
        return text;
    }

    private sealed class ManualTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
