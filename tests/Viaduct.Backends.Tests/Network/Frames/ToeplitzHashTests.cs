using System.Net;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Backends.Tests.Network.Frames;

/// <summary>The values that Microsoft gives for checking receive side scaling, which every card follows.</summary>
public sealed class ToeplitzHashTests
{
    private static readonly byte[] _key = Convert.FromHexString(
        "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa");

    [Theory]
    [InlineData("66.9.149.187", 2794, "161.142.100.80", 1766, 0x51ccc178, 0x323e8fc2)]
    [InlineData("199.92.111.2", 14230, "65.69.140.83", 4739, 0xc626b0ea, 0xd718262a)]
    [InlineData("24.19.198.95", 12898, "12.22.207.184", 38024, 0x5c2b394a, 0xd2d0a5de)]
    [InlineData("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x40207d3d, 0x2cc18cd5)]
    [InlineData("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0xdde51bbf, 0x0f0c461c)]
    public void Compute_KnownFlows_GivesTheKnownHash(string source, int sourcePort, string destination, int destinationPort, uint withPorts, uint addresses)
    {
        ToeplitzHash hash = new(_key);
        byte[] input = [.. IPAddress.Parse(source).GetAddressBytes(), .. IPAddress.Parse(destination).GetAddressBytes()];
        Assert.Equal(addresses, hash.Compute(input));
        Assert.Equal(withPorts, hash.Compute([.. input, (byte)(sourcePort >> 8), (byte)sourcePort, (byte)(destinationPort >> 8), (byte)destinationPort]));
    }
}
