using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Paravirtual.Network;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Network;

/// <summary>A network device whose works run when the test says so, and its driver.</summary>
internal sealed class NetworkRig : IDisposable
{
    internal const ulong AllFeatures = ulong.MaxValue & ~NetworkFeature.HashReport;
    internal const ushort QueueSize = 64;

    private const ulong ReceiveBuffers = 0x500000;
    private const ulong TransmitBuffer = 0x780000;
    private const ulong CommandBuffer = 0x7C0000;
    private const ulong ResultBuffer = 0x7D0000;
    private const ulong AreaStride = 0x60000;
    private readonly Dictionary<(int Pair, ushort Id), (ulong Address, int Length)> _rooms = [];
    private ulong _nextRoom = ReceiveBuffers;

    internal NetworkRig(
        LoopNetwork? network = null,
        RingFeatures ring = RingFeatures.Indirect | RingFeatures.EventIndex,
        ulong features = AllFeatures,
        int pairs = 1,
        int? mtu = null)
    {
        Loop = network ?? new LoopNetwork();
        NetworkOptions options = new() { Name = "net0", Mac = Mac, QueuePairs = pairs, QueueSize = QueueSize, Mtu = mtu };
        Device = new NetworkDevice(options, new SoftwareOffloads(Loop), Guest.Counters, threads: false);
        Device.Attach(Host);
        Features = features & Device.Features;
        Device.SetFeatures(Features);
        for (int i = 0; i < pairs; i++)
        {
            Receive.Add(Start(2 * i, ring));
            Transmit.Add(Start((2 * i) + 1, ring));
        }

        Control = Start(2 * pairs, ring);
    }

    internal static MacAddress Mac { get; } = new(0x5254_0000_0001);

    internal TestGuest Guest { get; } = new();

    internal TestHost Host { get; } = new();

    internal LoopNetwork Loop { get; }

    internal NetworkDevice Device { get; }

    internal ulong Features { get; }

    internal List<RingDriver> Receive { get; } = [];

    internal List<RingDriver> Transmit { get; } = [];

    internal RingDriver Control { get; }

    internal NetworkCounters Counters => Device.Works[0].Counters;

    internal int HeaderLength => (Features & NetworkFeature.HashReport) != 0 ? 20 : 12;

    public void Dispose()
    {
        Device.Dispose();
        Guest.Dispose();
    }

    /// <summary>Runs all works until there is nothing to do.</summary>
    internal void Run()
    {
        bool worked = true;
        for (int rounds = 0; worked; rounds++)
        {
            Assert.True(rounds < 10_000, "the work never ends");
            worked = Device.Control.DoWork();
            foreach (NetworkWork work in Device.Works)
            {
                worked |= work.DoWork();
            }
        }
    }

    /// <summary>Gives the device a buffer for frames.</summary>
    internal void AddRoom(int length, int pair = 0)
    {
        ulong address = _nextRoom;
        _nextRoom += (ulong)length;
        ushort id = Receive[pair].Add(GuestBuffer.Write(address, (uint)length));
        _rooms[(pair, id)] = (address, length);
    }

    /// <summary>Takes a frame that the device has put into buffers, with its header; null when there is none.</summary>
    internal (byte[] Frame, NetworkHeader Header)? TakeFrame(int pair = 0)
    {
        if (!Receive[pair].TryTake(out ushort id, out uint written))
        {
            return null;
        }

        List<byte> bytes = [.. Bytes(pair, id, written)];
        NetworkHeader header = default;
        CollectionsMarshal.AsSpan(bytes)[..Math.Min(bytes.Count, HeaderLength)].CopyTo(MemoryMarshal.AsBytes(new Span<NetworkHeader>(ref header)));
        for (int i = 1; i < header.Buffers; i++)
        {
            Assert.True(Receive[pair].TryTake(out id, out written), "a frame's buffers didn't come back together");
            bytes.AddRange(Bytes(pair, id, written));
        }

        return ([.. bytes.Skip(HeaderLength)], header);
    }

    /// <summary>Sends a frame in the parts that a driver makes of it.</summary>
    internal void Send(byte[] frame, OffloadHeader offload = default, int pair = 0)
    {
        byte[] header = new byte[HeaderLength];
        MemoryMarshal.Write(header, offload);
        header.CopyTo(Guest.Slice(TransmitBuffer, header.Length));
        frame.CopyTo(Guest.Slice(TransmitBuffer + 64, frame.Length));
        int head = Math.Min(frame.Length, 14);
        _ = Transmit[pair].Add(
            GuestBuffer.Read(TransmitBuffer, (uint)header.Length),
            GuestBuffer.Read(TransmitBuffer + 64, (uint)head),
            GuestBuffer.Read(TransmitBuffer + 64 + (ulong)head, (uint)(frame.Length - head)));
        Run();
    }

    /// <summary>Gives a command and answers whether it was done.</summary>
    internal bool Command(byte kind, byte command, params byte[] data) => Command(kind, command, data, out _);

    internal bool Command(byte kind, byte command, byte[] data, out byte[] result)
    {
        byte[] whole = [kind, command, .. data];
        whole.CopyTo(Guest.Slice(CommandBuffer, whole.Length));
        Guest.Slice(ResultBuffer, 16).Fill(0xEE);
        _ = Control.Add(GuestBuffer.Read(CommandBuffer, (uint)whole.Length), GuestBuffer.Write(ResultBuffer, 9));
        Run();
        Assert.True(Control.TryTake(out _, out uint written), $"no answer: {Host.Failure}");
        Span<byte> answer = Guest.Slice(ResultBuffer, (int)written);
        Assert.True(answer[0] <= 1);
        result = answer[1..].ToArray();
        return answer[0] == 0;
    }

    internal static byte[] Short(int value)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return bytes;
    }

    internal static byte[] Word(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>A frame for a station, told from others by a number.</summary>
    internal static byte[] Frame(MacAddress to, int number = 0, int length = 60)
    {
        byte[] frame = new byte[length];
        frame.AsSpan().Fill((byte)(number * 7));
        to.Write(frame);
        new MacAddress(0x5254_0000_00FF).Write(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xB5;
        return frame;
    }

    /// <summary>A UDP datagram over IPv4 between two ports, to or from the guest.</summary>
    internal static byte[] Datagram(string source, int sourcePort, string destination, int destinationPort)
    {
        byte[] frame = Frame(Mac, length: 60);
        frame[12] = 8;
        frame[13] = 0;
        frame.AsSpan(14).Clear();
        frame[14] = 0x45;
        frame[17] = 46;
        frame[23] = 17;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(frame, 26);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(frame, 30);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(36), (ushort)destinationPort);
        return frame;
    }

    private RingDriver Start(int index, RingFeatures ring)
    {
        ulong number = (ulong)index;
        RingDriver driver = RingDriver.Make(Guest, QueueSize, ring, 0x10000 + (number * AreaStride), 0x400000 + (number * 0x10000));
        Device.StartQueue(index, driver.Queue(Host));
        return driver;
    }

    private byte[] Bytes(int pair, ushort id, uint written)
    {
        (ulong address, int length) = _rooms[(pair, id)];
        Assert.True(written <= length);
        return Guest.Slice(address, (int)written).ToArray();
    }
}
