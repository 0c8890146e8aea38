using System.Net.NetworkInformation;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>The kernel's settings of virtual functions of network interfaces, by netlink.</summary>
internal sealed class LinkSettings : IVfSettings
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<int, VfSettings> Read(int index)
    {
        IReadOnlyDictionary<int, VfSettings> functions = new Dictionary<int, VfSettings>();
        using NetlinkSocket socket = new();
        socket.Ask(LinkMessages.Get(index), (type, content) =>
        {
            if (type == LinkMessages.NewLink)
            {
                functions = LinkMessages.Read(content);
            }
        });
        return functions;
    }

    /// <inheritdoc/>
    public void SetMac(int index, int function, PhysicalAddress mac) => Ask(LinkMessages.SetAddress(index, function, mac));

    /// <inheritdoc/>
    public void SetVlan(int index, int function, VfVlanTag tag) => Ask(LinkMessages.SetVlan(index, function, tag));

    /// <inheritdoc/>
    public void SetRate(int index, int function, VfRateLimit limit) => Ask(LinkMessages.SetRate(index, function, limit));

    /// <inheritdoc/>
    public void SetSpoofCheck(int index, int function, bool on) => Ask(LinkMessages.SetSpoofCheck(index, function, on));

    /// <inheritdoc/>
    public void SetTrust(int index, int function, bool on) => Ask(LinkMessages.SetTrust(index, function, on));

    /// <inheritdoc/>
    public void SetLinkState(int index, int function, VfLinkState state) => Ask(LinkMessages.SetLinkState(index, function, state));

    private static void Ask(NetlinkWriter request)
    {
        using NetlinkSocket socket = new();
        socket.Ask(request, (_, _) => { });
    }
}
