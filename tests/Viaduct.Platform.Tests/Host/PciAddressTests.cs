using Viaduct.Platform.Host;
using Xunit;

namespace Viaduct.Platform.Tests.Host;

public sealed class PciAddressTests
{
    [Theory]
    [InlineData("0000:01:10.0", "0000:01:10.0", 0x0180)]
    [InlineData("01:10.2", "0000:01:10.2", 0x0182)]
    [InlineData("0000:FF:1F.7", "0000:ff:1f.7", 0xFFFF)]
    [InlineData("10000:00:00.1", "10000:00:00.1", 0x0001)]
    public void Address_IsRead_AndWrittenAsSysfsDoes(string text, string written, int routingId)
    {
        Assert.True(PciAddress.TryParse(text, out PciAddress address));
        Assert.Equal(written, address.ToString());
        Assert.Equal(routingId, address.RoutingId);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("eth3")]
    [InlineData("01:10")]
    [InlineData("01:20.0")]
    [InlineData("01:10.8")]
    [InlineData("1:10.0")]
    [InlineData("0000:01:10.0 ")]
    [InlineData("0000:01:+1.0")]
    [InlineData("0000:01:10.0.0")]
    [InlineData("00:0000:01:10.0")]
    [InlineData("../../01:10.0")]
    [InlineData("123456789:01:10.0")]
    public void WhatIsNoAddress_IsRefused(string? text) => Assert.False(PciAddress.TryParse(text, out _));

    [Fact]
    public void Addresses_HaveTheOrderOfTheirPlaces()
    {
        string[] order = ["0000:01:00.0", "0000:01:00.1", "0000:01:10.0", "0000:02:00.0", "0001:00:00.0"];
        Assert.Equal(order, order.Reverse().Select(Parse).Order().Select(address => address.ToString()));
    }

    private static PciAddress Parse(string text) => PciAddress.TryParse(text, out PciAddress address) ? address : throw new FormatException(text);
}
