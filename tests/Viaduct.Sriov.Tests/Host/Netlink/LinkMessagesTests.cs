using System.Net.NetworkInformation;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Tests.Host.Netlink;

/// <summary>The bytes are those that the kernel's headers give on a little-endian host.</summary>
public sealed class LinkMessagesTests
{
    private const string SetHeader = "13000500" + "09000000" + "00000000" + Interface;
    private const string Interface = "0000" + "0000" + "07000000" + "00000000" + "00000000";

    [Fact]
    public void Get_AsksForFunctionsWithoutCounters() =>
        Equal("28000000" + "12000500" + "09000000" + "00000000" + Interface + "08001d00" + "09000000", LinkMessages.Get(7));

    [Fact]
    public void SetAddress_StandsAtTheFrontOfItsField() =>
        Equal(
            "50000000" + SetHeader + "30001600" + "2c000100" + "28000100" + "02000000" + "525400000001" + new string('0', 52),
            LinkMessages.SetAddress(7, 2, PhysicalAddress.Parse("52:54:00:00:00:01")));

    [Theory]
    [InlineData(false, "8100")]
    [InlineData(true, "88a8")]
    public void SetVlan_IsAListOfOne(bool isServiceTag, string protocol) =>
        Equal(
            "40000000" + SetHeader + "20001600" + "1c000100" + "18000c00" + "14000100" + "02000000" + "64000000" + "03000000" + protocol + "0000",
            LinkMessages.SetVlan(7, 2, new VfVlanTag(100, 3, isServiceTag)));

    [Fact]
    public void SetRate_HoldsBoth() =>
        Equal(
            "38000000" + SetHeader + "18001600" + "14000100" + "10000600" + "02000000" + "0a000000" + "f4010000",
            LinkMessages.SetRate(7, 2, new VfRateLimit(10, 500)));

    [Fact]
    public void Switches_AreANumberEach()
    {
        const string Sizes = "34000000" + SetHeader + "14001600" + "10000100";
        Equal(Sizes + "0c000400" + "02000000" + "01000000", LinkMessages.SetSpoofCheck(7, 2, on: true));
        Equal(Sizes + "0c000900" + "02000000" + "00000000", LinkMessages.SetTrust(7, 2, on: false));
        Equal(Sizes + "0c000500" + "02000000" + "02000000", LinkMessages.SetLinkState(7, 2, VfLinkState.Down));
    }

    [Fact]
    public void Answer_IsReadFunctionByFunction()
    {
        const string First = "28000100" + "00000000" + "525400000001" + Padding + "10000200" + "00000000" + "64000000" + "03000000"
            + "18000c80" + "14000100" + "00000000" + "64000000" + "03000000" + "88a80000"
            + "10000600" + "00000000" + "0a000000" + "f4010000" + "0c000400" + "00000000" + "01000000" + "0c000900" + "00000000" + "ffffffff"
            + "0c000500" + "00000000" + "01000000" + "08006300" + "12345678";
        const string Second = "28000100" + "01000000" + "000000000000" + Padding + "10000200" + "01000000" + "05000000" + "00000000";
        string list = Attribute(22, Attribute(1, First) + Attribute(1, Second));
        IReadOnlyDictionary<int, VfSettings> functions = LinkMessages.Read(Convert.FromHexString(Interface + "09000300" + "6574683300" + "000000" + list));

        Assert.Equal([0, 1], functions.Keys.Order());
        Assert.Equal(
            new VfSettings { Mac = PhysicalAddress.Parse("52:54:00:00:00:01"), Vlan = new(100, 3, true), Rate = new(10, 500), SpoofCheck = true, Trust = null, LinkState = VfLinkState.Up },
            functions[0]);
        Assert.Equal(new VfVlanTag(5, 0, false), functions[1].Vlan);
    }

    [Theory]
    [InlineData("")]
    [InlineData(Interface + "0300")]
    [InlineData(Interface + "03001600")]
    [InlineData(Interface + "09001600" + "00000000")]
    [InlineData(Interface + "08001600" + "04000100")]
    [InlineData(Interface + "10001600" + "0c000100" + "08000100" + "00000000")]
    [InlineData(Interface + "0c001600" + "0c000100" + "00000000")]
    public void Answer_ThatMakesNoSense_IsAnError(string hex) =>
        Assert.Throws<HostException>(() => LinkMessages.Read(Convert.FromHexString(hex)));

    [Fact]
    public void Answer_OfRandomBytes_IsReadOrAnError()
    {
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            for (int at = 16; at + 4 <= bytes.Length; at += 4)
            {
                // Mostly lengths and types that lead on.
                if (random.Next(3) != 0)
                {
                    (bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]) = ((byte)random.Next(64), 0, (byte)random.Next(24), 0);
                }
            }

            try
            {
                _ = LinkMessages.Read(bytes);
            }
            catch (HostException)
            {
            }
        }
    }

    private const string Padding = "0000000000000000000000000000000000000000000000000000";

    private static string Attribute(int type, string content) =>
        $"{(4 + (content.Length / 2)) & 0xFF:x2}{(4 + (content.Length / 2)) >> 8:x2}{type:x2}00{content}";

    private static void Equal(string hex, NetlinkWriter message) => Assert.Equal(hex, Convert.ToHexStringLower(message.Finish(9)));
}
