using Viaduct.Cli.Demo;
using Viaduct.Cli.Demo.Page;

namespace Viaduct.Cli.Tests.Demo;

public sealed class DemoPageTests
{
    [Fact]
    public void Render_HostileNames_AreEscaped()
    {
        RoadReport road = DemoTableTests.Road("assigned") with { Driver = "<script>alert(1)</script>" };
        string page = DemoPage.Render(new DemoReport { Engine = "software", Seconds = 9, Roads = [road], Refusal = "held by <b>pid 7</b>" });
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>pid", page, StringComparison.Ordinal);
        Assert.Contains("held by &lt;b&gt;pid 7", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_AnyReport_LeavesNoPlaceholderAndNeedsNothingElse()
    {
        RoadReport nothingDone = DemoTableTests.Road("shared") with { Requests = 0, Seconds = 0, Bytes = 0 };
        string page = DemoPage.Render(new DemoReport { Engine = "software", Seconds = 9, Roads = [DemoTableTests.Road("emulated"), nothingDone] });
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=", page, StringComparison.Ordinal);
    }
}
