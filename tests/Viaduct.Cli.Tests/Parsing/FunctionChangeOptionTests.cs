using Viaduct.Cli.Parsing;
using Viaduct.Sriov;

namespace Viaduct.Cli.Tests.Parsing;

public sealed class FunctionChangeOptionTests
{
    [Fact]
    public void Parse_TakesAllParts()
    {
        (int function, FunctionChange change) = FunctionChangeOption.Parse(["vf=3", "iops=5000,bandwidth=2M", "burst=2s", "online=off"]);
        Assert.Equal(3, function);
        Assert.Equal(new FunctionChange { Iops = 5000, Bandwidth = 2 << 20, Burst = 2000, Online = false }, change);
        Assert.Equal((0, new FunctionChange { Bandwidth = 0 }), FunctionChangeOption.Parse(["pf", "bandwidth=0"]));
        Assert.Equal(50, FunctionChangeOption.Parse(["vf=1", "burst=50ms"]).Change.Burst);
    }

    [Theory]
    [InlineData("iops=1")]
    [InlineData("pf vf=1 iops=1")]
    [InlineData("vf=1")]
    [InlineData("vf=one iops=1")]
    [InlineData("vf=1 iops=-1")]
    [InlineData("vf=1 bandwidth=fast")]
    [InlineData("vf=1 burst=soon")]
    [InlineData("vf=1 online=maybe")]
    [InlineData("vf=1 colour=red")]
    public void Parse_OfWhatIsWrong_SaysSo(string parts) =>
        Assert.NotEmpty(Assert.Throws<FormatException>(() => FunctionChangeOption.Parse(parts.Split(' '))).Message);
}
