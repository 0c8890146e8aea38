using System.Buffers.Binary;
using System.Net.NetworkInformation;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>
/// The messages about a network interface's virtual functions (linux/rtnetlink.h, linux/if_link.h). A request changes
/// one setting of one function, so that its answer says of that one whether it was taken.
/// </summary>
internal static class LinkMessages
{
    internal const ushort NewLink = 16;

    private const ushort GetLink = 18;
    private const ushort SetLink = 19;
    private const ushort RequestAcknowledged = 1 | 4;
    private const ushort ExtensionMask = 29;
    private const uint FunctionsWithoutCounters = 1 | 8;
    private const ushort FunctionList = 22;
    private const ushort Function = 1;
    private const ushort Address = 1;
    private const ushort SpoofCheck = 4;
    private const ushort LinkState = 5;
    private const ushort Rate = 6;
    private const ushort Trust = 9;
    private const ushort VlanList = 12;
    private const ushort Vlan = 1;
    private const ushort OldVlan = 2;
    private const ushort Ethernet8021Q = 0x8100;
    private const ushort Ethernet8021Ad = 0x88A8;
    private const int AddressLength = 6;

    /// <summary>Asks for an interface with its virtual functions.</summary>
    /// <param name="index">The interface's number.</param>
    internal static NetlinkWriter Get(int index) =>
        new NetlinkWriter(GetLink, RequestAcknowledged).Add(new InterfaceHeader { Index = index }).Attribute(ExtensionMask, FunctionsWithoutCounters);

    internal static NetlinkWriter SetAddress(int index, int function, PhysicalAddress address)
    {
        VfAddress value = new() { Function = (uint)function };
        address.GetAddressBytes().CopyTo(value.Bytes);
        return Set(index, Address, value);
    }

    internal static NetlinkWriter SetVlan(int index, int function, VfVlanTag tag) =>
        Set(index, writer => writer.Nest(VlanList, list => list.Attribute(Vlan, new VfVlan
        {
            Function = (uint)function,
            Vlan = (uint)tag.Vlan,
            Priority = (uint)tag.Priority,
            Protocol = BinaryPrimitives.ReverseEndianness(tag.IsServiceTag ? Ethernet8021Ad : Ethernet8021Q),
        })));

    internal static NetlinkWriter SetRate(int index, int function, VfRateLimit limit) =>
        Set(index, Rate, new VfRate { Function = (uint)function, Least = (uint)limit.Least, Most = (uint)limit.Most });

    internal static NetlinkWriter SetSpoofCheck(int index, int function, bool on) => SetWord(index, SpoofCheck, function, on ? 1u : 0);

    internal static NetlinkWriter SetTrust(int index, int function, bool on) => SetWord(index, Trust, function, on ? 1u : 0);

    internal static NetlinkWriter SetLinkState(int index, int function, VfLinkState state) => SetWord(index, LinkState, function, (uint)state);

    /// <summary>Reads an interface's virtual functions out of the answer to <see cref="Get"/>.</summary>
    /// <param name="content">What follows the message's header.</param>
    /// <returns>What is known of each, by its number from 0.</returns>
    /// <exception cref="HostException">It makes no sense.</exception>
    internal static IReadOnlyDictionary<int, VfSettings> Read(ReadOnlySpan<byte> content)
    {
        Dictionary<int, VfSettings> functions = [];
        NetlinkAttributes attributes = new(After<InterfaceHeader>(content));
        while (attributes.MoveNext())
        {
            if (attributes.Type != FunctionList)
            {
                continue;
            }

            NetlinkAttributes list = new(attributes.Value);
            while (list.MoveNext())
            {
                if (list.Type == Function)
                {
                    (int number, VfSettings settings) = ReadFunction(list.Value);
                    functions[number] = settings;
                }
            }
        }

        return functions;
    }

    private static (int Number, VfSettings Settings) ReadFunction(ReadOnlySpan<byte> content)
    {
        int number = -1;
        VfSettings settings = new();
        NetlinkAttributes attributes = new(content);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case Address:
                    VfAddress address = attributes.Read<VfAddress>();
                    number = (int)address.Function;
                    settings = settings with { Mac = new PhysicalAddress(((ReadOnlySpan<byte>)address.Bytes)[..AddressLength].ToArray()) };
                    break;
                case OldVlan:
                    VfRate old = attributes.Read<VfRate>();
                    settings = settings with { Vlan = settings.Vlan with { Vlan = (int)old.Least, Priority = (int)old.Most } };
                    break;
                case VlanList:
                    settings = settings with { Vlan = ReadVlan(attributes.Value) ?? settings.Vlan };
                    break;
                case Rate:
                    VfRate rate = attributes.Read<VfRate>();
                    settings = settings with { Rate = new VfRateLimit((int)rate.Least, (int)rate.Most) };
                    break;
                case SpoofCheck:
                    settings = settings with { SpoofCheck = Switch(attributes.Read<VfWord>()) };
                    break;
                case Trust:
                    settings = settings with { Trust = Switch(attributes.Read<VfWord>()) };
                    break;
                case LinkState:
                    settings = settings with { LinkState = (VfLinkState)attributes.Read<VfWord>().Value };
                    break;
            }
        }

        return number >= 0 ? (number, settings) : throw NetlinkAttributes.Malformed();
    }

    private static VfVlanTag? ReadVlan(ReadOnlySpan<byte> content)
    {
        NetlinkAttributes list = new(content);
        VfVlanTag? tag = null;
        while (list.MoveNext())
        {
            VfVlan vlan = list.Read<VfVlan>();
            tag = new VfVlanTag((int)vlan.Vlan, (int)vlan.Priority, BinaryPrimitives.ReverseEndianness(vlan.Protocol) == Ethernet8021Ad);
        }

        return tag;
    }

    // The kernel says -1 of what the driver doesn't tell.
    private static bool? Switch(VfWord word) => word.Value == uint.MaxValue ? null : word.Value != 0;

    private static ReadOnlySpan<byte> After<T>(ReadOnlySpan<byte> content)
        where T : unmanaged
    {
        int length = System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        return content.Length >= length ? content[length..] : throw NetlinkAttributes.Malformed();
    }

    private static NetlinkWriter SetWord(int index, ushort type, int function, uint value) =>
        Set(index, type, new VfWord { Function = (uint)function, Value = value });

    private static NetlinkWriter Set<T>(int index, ushort type, T value)
        where T : unmanaged =>
        Set(index, writer => writer.Attribute(type, value));

    private static NetlinkWriter Set(int index, Action<NetlinkWriter> content) =>
        new NetlinkWriter(SetLink, RequestAcknowledged).Add(new InterfaceHeader { Index = index })
            .Nest(FunctionList, list => list.Nest(Function, content));
}
