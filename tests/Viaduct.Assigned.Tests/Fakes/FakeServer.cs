using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>
/// The least of a vfio-user server, showing a <see cref="FakeDevice"/>. A test may twist its replies: change them, drop
/// them, close instead.
/// </summary>
internal sealed unsafe class FakeServer : IDisposable
{
    private readonly MessageSocket _socket;
    private readonly FakeDevice _device;
    private readonly Func<int, MessageHeader, byte[], Twist>? _twist;
    private readonly Thread _thread;
    private readonly System.Collections.Concurrent.BlockingCollection<(MessageHeader Header, byte[] Body)> _replies = [];
    private readonly List<IDisposable> _owned = [];
    private int _answered;

    internal FakeServer(MessageSocket socket, FakeDevice device, Func<int, MessageHeader, byte[], Twist>? twist = null)
    {
        _socket = socket;
        _device = device;
        _twist = twist;
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>What becomes of a reply.</summary>
    /// <param name="Header">Its header; the size is what the body makes it.</param>
    /// <param name="Body">Its body.</param>
    /// <param name="Descriptors">Whether descriptors go with it.</param>
    /// <param name="Send">Whether it is sent at all.</param>
    /// <param name="Close">Whether the connection ends before it.</param>
    internal sealed record Twist(MessageHeader Header, byte[] Body, bool Descriptors = true, bool Send = true, bool Close = false);

    internal string? RefusesAs { get; init; }

    internal bool IsShared { get; init; }

    internal bool HasCodeMap { get; init; } = true;

    /// <summary>What the client said of its code map with the last map.</summary>
    internal ulong? CodeMap { get; private set; }

    internal VersionOffer? Client { get; private set; }

    internal HostMemory? Mapped { get; private set; }

    /// <summary>Asks the client for something and waits for its reply.</summary>
    internal (MessageHeader Header, byte[] Body) Ask(VfioUserCommand command, ReadOnlySpan<byte> body)
    {
        Assert.True(_socket.TrySend(new MessageHeader { Id = 9, Command = command }, body));
        Assert.True(_replies.TryTake(out (MessageHeader, byte[]) reply, TimeSpan.FromSeconds(30)));
        return reply;
    }

    internal static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    /// <summary>Dies, as a killed process would.</summary>
    internal void Die() => _socket.Shutdown();

    public void Dispose()
    {
        _socket.Shutdown();
        _thread.Join();
        _socket.Dispose();
        _owned.ForEach(each => each.Dispose());
        Mapped?.Dispose();
        _replies.Dispose();
    }

    private void Serve()
    {
        using ReceivedMessage message = new();
        while (_socket.TryReceive(message))
        {
            if (message.Header.IsReply)
            {
                _replies.Add((message.Header, message.Body.ToArray()));
                continue;
            }

            List<SafeHandle> descriptors = [];
            (byte[] body, int error) = Answer(message, descriptors);
            MessageHeader header = new()
            {
                Id = message.Header.Id,
                Command = message.Header.Command,
                Flags = error == 0 ? MessageFlags.Reply : MessageFlags.Reply | MessageFlags.Error,
                Error = (uint)error,
            };
            Twist reply = _twist?.Invoke(_answered++, header, body) ?? new Twist(header, body);
            if (reply.Close)
            {
                _socket.Shutdown();
                return;
            }

            if (reply.Send && !_socket.TrySend(reply.Header, reply.Body, default, reply.Descriptors ? CollectionsMarshal.AsSpan(descriptors) : []))
            {
                return;
            }
        }
    }

    private (byte[] Body, int Error) Answer(ReceivedMessage message, List<SafeHandle> descriptors)
    {
        const int Busy = 16;
        const int Invalid = 22;
        ReadOnlySpan<byte> body = message.Body;
        switch (message.Header.Command)
        {
            case VfioUserCommand.Version:
                Client = VersionOffer.Parse(body);
                return RefusesAs is not null
                    ? (Encoding.UTF8.GetBytes(RefusesAs), Busy)
                    : (new VersionOffer { MaxDescriptors = 2, IsViaduct = true, IsShared = IsShared, HasCodeMap = HasCodeMap }.Format(), 0);
            case VfioUserCommand.DeviceGetInfo:
                return (Bytes(new DeviceInfoMessage { ArgSize = 16, Flags = DeviceInfoMessage.IsPci | DeviceInfoMessage.CanReset, Regions = 9, Interrupts = 5 }), 0);
            case VfioUserCommand.DeviceGetRegionInfo when message.TryRead(out RegionInfoMessage region):
                return (RegionInfo((int)region.Index, descriptors), 0);
            case VfioUserCommand.DeviceGetRegionIoFds when message.TryRead(out RegionIoFdsMessage ask):
                return (Doorbells((int)ask.Index, descriptors), 0);
            case VfioUserCommand.DeviceGetIrqInfo when message.TryRead(out IrqInfoMessage irq):
                irq.Count = (uint)_device.InterruptCount((AssignedInterrupt)irq.Index);
                return (Bytes(irq), 0);
            case VfioUserCommand.DeviceSetIrqs when message.TryRead(out IrqSetMessage set):
                return ([], SetInterrupts(message, set) ? 0 : Invalid);
            case VfioUserCommand.RegionRead when message.TryRead(out RegionAccessMessage read):
                byte[] data = new byte[read.Count];
                _ = _device.TryRead((int)read.Region, read.Offset, data);
                return ([.. Bytes(read), .. data], 0);
            case VfioUserCommand.RegionWrite when message.TryRead(out RegionAccessMessage write):
                _ = _device.TryWrite((int)write.Region, write.Offset, body[sizeof(RegionAccessMessage)..]);
                return (Bytes(write), 0);
            case VfioUserCommand.DmaMap when message.TryRead(out DmaMapMessage map):
                Mapped?.Dispose();
                CodeMap = map.ArgSize == 40 ? MemoryMarshal.Read<ulong>(body[32..]) : null;
                Mapped = HostMemory.FromFile("client", message.TakeDescriptor(0)!, map.Offset, map.Size, writable: true, CodeMap);
                return ([], _device.TryMapDma(map.Address, Mapped!, 0, map.Size, (map.Flags & DmaMapMessage.CanWrite) != 0) ? 0 : Invalid);
            case VfioUserCommand.DmaUnmap when message.TryRead(out DmaUnmapMessage unmap):
                _ = _device.TryUnmapDma(unmap.Address, unmap.Size);
                return (Bytes(unmap), 0);
            case VfioUserCommand.DeviceReset:
                _ = _device.TryReset();
                return ([], 0);
            case VfioUserCommand.ViaductGetCounts:
                return (Bytes(new CountsMessage { Requests = 11, CpuTicks = 5 }), 0);
            default:
                return ([], Invalid);
        }
    }

    private byte[] RegionInfo(int index, List<SafeHandle> descriptors)
    {
        AssignedRegion region = _device.Regions[index];
        if (region.Areas.Count == 0)
        {
            return Bytes(new RegionInfoMessage { ArgSize = 32, Index = (uint)index, Size = region.Size, Flags = RegionInfoMessage.CanRead | RegionInfoMessage.CanWrite });
        }

        descriptors.Add(_device.Shared.File);
        return
        [
            .. Bytes(new RegionInfoMessage { ArgSize = 64, Index = (uint)index, Size = region.Size, Flags = 0xF, CapabilityOffset = 32 }),
            .. Bytes(new SparseMapCapability { Id = SparseMapCapability.SparseMap, Version = 1, Areas = (uint)region.Areas.Count }),
            .. region.Areas.SelectMany(area => Bytes(area.Offset).Concat(Bytes(area.Length))),
        ];
    }

    private byte[] Doorbells(int index, List<SafeHandle> descriptors)
    {
        IReadOnlyList<AssignedDoorbell> doorbells = _device.Regions[index].Doorbells;
        byte[] head = Bytes(new RegionIoFdsMessage { ArgSize = 64, Index = (uint)index, Count = (uint)doorbells.Count });
        if (doorbells.Count == 0)
        {
            return head;
        }

        descriptors.Add(_device.Doorbell);
        descriptors.Add(_device.Shared.File);
        return
        [
            .. head,
            .. Bytes(new IoEventFdEntry
            {
                Offset = doorbells[0].Offset,
                Size = doorbells[0].Length,
                Type = IoEventFdEntry.ShadowedEventFd,
                Flags = IoEventFdEntry.Watched,
                ShadowDescriptor = 1,
                ShadowOffset = doorbells[0].ValuesOffset,
            }),
        ];
    }

    private bool SetInterrupts(ReceivedMessage message, IrqSetMessage set)
    {
        if ((set.Flags & IrqSetMessage.Unmask) != 0)
        {
            return _device.TryUnmaskPin();
        }

        List<EventFd> targets = [];
        for (int i = 0; i < message.DescriptorCount; i++)
        {
            EventFd target = EventFd.FromFile(message.TakeDescriptor(i)!)!;
            targets.Add(target);
            _owned.Add(target);
        }

        return _device.TrySetInterrupts((AssignedInterrupt)set.Index, (int)set.Start, CollectionsMarshal.AsSpan(targets));
    }
}
