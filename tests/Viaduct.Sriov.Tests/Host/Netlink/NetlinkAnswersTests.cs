using Viaduct.Platform.Host;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Tests.Host.Netlink;

public sealed class NetlinkAnswersTests
{
    private const string Request = "28000000" + "13000500" + "09000000" + "00000000";

    [Fact]
    public void Answers_AreTakenUntilTheAcknowledgement()
    {
        List<(ushort, string)> taken = [];
        bool finished = Take("14000000" + "10000000" + "09000000" + "00000000" + "cafecafe" + "24000000" + "02000000" + "09000000" + "00000000" + "00000000" + Request, taken);
        Assert.True(finished);
        Assert.Equal([((ushort)16, "cafecafe")], taken);
    }

    [Fact]
    public void Answers_ToOthers_AreLeftOut()
    {
        List<(ushort, string)> taken = [];
        Assert.False(Take("14000000" + "10000000" + "08000000" + "00000000" + "cafecafe" + "24000000" + "02000000" + "08000000" + "00000000" + "ffffffff" + Request, taken));
        Assert.Empty(taken);
    }

    [Fact]
    public void Refusal_CarriesTheNumberAndTheKernelsWords()
    {
        NetlinkException error = Assert.Throws<NetlinkException>(() =>
            Take("2c000000" + "02000003" + "09000000" + "00000000" + "eaffffff" + Request + "08000100" + "6e6f2100", []));
        Assert.Equal((22, "no!"), (error.Errno, error.Reason));
    }

    [Fact]
    public void Refusal_WithoutWords_CarriesTheNumber()
    {
        NetlinkException error = Assert.Throws<NetlinkException>(() => Take("24000000" + "02000001" + "09000000" + "00000000" + "a1ffffff" + Request, []));
        Assert.Equal((95, null), (error.Errno, error.Reason));
    }

    [Theory]
    [InlineData("1400")]
    [InlineData("0f000000" + "10000000" + "09000000" + "00000000")]
    [InlineData("18000000" + "10000000" + "09000000" + "00000000" + "cafecafe")]
    [InlineData("14000000" + "02000000" + "09000000" + "00000000" + "00000000")]
    [InlineData("ffffffff" + "02000000" + "09000000" + "00000000" + "00000000")]
    [InlineData("28000000" + "02000002" + "09000000" + "00000000" + "eaffffff" + Request + "08000100")]
    public void Answer_ThatMakesNoSense_IsAnError(string hex) => Assert.Throws<HostException>(() => Take(hex, []));

    private static bool Take(string hex, List<(ushort Type, string Content)> taken) =>
        NetlinkAnswers.Take(Convert.FromHexString(hex), 9, (type, content) => taken.Add((type, Convert.ToHexStringLower(content))));
}
