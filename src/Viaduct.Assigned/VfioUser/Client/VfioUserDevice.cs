using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>A device in another process, reached by vfio-user: an NVMe controller of ours, SPDK's, anybody's.</summary>
public sealed unsafe class VfioUserDevice : IAssignedDevice, IPeerCommands
{
    private const int RegionCount = 9;
    private const int Kinds = 5;
    private const int ErrnoInvalid = 22;
    private const int ErrnoFault = 14;
    private const int ErrnoBusy = 16;
    private const int ErrnoNotSupported = 95;

    private readonly VfioUserLimits _limits;
    private readonly RequestChannel _channel;
    private readonly DmaTable _dma = new();
    private readonly Lock _lostLock = new();
    private readonly AssignedRegion[] _regions = new AssignedRegion[RegionCount];
    private readonly int[] _interrupts = new int[Kinds];
    private readonly List<HostMemory> _memory = [];
    private readonly List<EventFd> _signals = [];
    private readonly DoorbellSwitch? _doorbells;
    private readonly VersionOffer _server;
    private readonly byte[] _dmaBuffer;
    private Action? _lost;
    private bool _isLost;
    private bool _disposed;

    /// <summary>Takes a device over a connection.</summary>
    /// <param name="name">For people.</param>
    /// <param name="socket">The connection; owned from now on, whatever comes of the call.</param>
    /// <param name="holder">Who takes it, for the server to tell others.</param>
    /// <param name="limits">How long the server may take; the default if null.</param>
    /// <exception cref="AssignedDeviceException">The server refused, or makes no sense.</exception>
    public VfioUserDevice(string name, MessageSocket socket, string holder, VfioUserLimits? limits = null)
    {
        Name = name;
        _limits = limits ?? VfioUserLimits.Default;
        VersionOffer own = new() { MaxDescriptors = MessageSocket.MaxDescriptors, IsViaduct = true, HasCodeMap = true, Holder = holder };
        _dmaBuffer = new byte[own.MaxTransfer];
        _channel = new RequestChannel(socket, name, this);
        try
        {
            _channel.Start();
            _server = Negotiate(own);
            if (_server.IsViaduct)
            {
                _doorbells = new DoorbellSwitch(name, id => _channel.Reply(id, VfioUserCommand.ViaductDoorbellTraps));
            }

            Discover();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public event Action? Lost
    {
        add
        {
            lock (_lostLock)
            {
                if (!_isLost)
                {
                    _lost += value;
                    return;
                }
            }

            value?.Invoke();
        }

        remove
        {
            lock (_lostLock)
            {
                _lost -= value;
            }
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Road Road => _server.IsShared ? Road.Shared : Road.Assigned;

    /// <inheritdoc/>
    public ReadOnlySpan<AssignedRegion> Regions => _regions;

    /// <inheritdoc/>
    public bool CanReset { get; private set; }

    /// <inheritdoc/>
    public IDoorbellTraps? Traps => _doorbells;

    /// <inheritdoc/>
    public bool NotesWrites => _server.HasCodeMap;

    /// <inheritdoc/>
    public string? LossReason => _channel.LossReason;

    /// <inheritdoc/>
    public string? MapRefusal => null;

    /// <inheritdoc/>
    public int InterruptCount(AssignedInterrupt kind) => _interrupts[(int)kind];

    /// <inheritdoc/>
    public bool TryRead(int region, ulong offset, Span<byte> data)
    {
        RegionAccessMessage request = new() { Offset = offset, Region = (uint)region, Count = (uint)data.Length };
        if (!IsInside(region, offset, data.Length))
        {
            return false;
        }

        using Call call = _channel.Rent();
        if (Send(call, VfioUserCommand.RegionRead, Bytes(in request), default, default, _limits.Access) != CallResult.Done)
        {
            return false;
        }

        if (call.Body.Length != sizeof(RegionAccessMessage) + data.Length)
        {
            _channel.Lose("it answered a read with another number of bytes");
            return false;
        }

        call.Body[sizeof(RegionAccessMessage)..].CopyTo(data);
        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        RegionAccessMessage request = new() { Offset = offset, Region = (uint)region, Count = (uint)data.Length };
        return IsInside(region, offset, data.Length) && Ask(VfioUserCommand.RegionWrite, Bytes(in request), data, _limits.Access);
    }

    /// <inheritdoc/>
    public bool TrySetInterrupts(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets)
    {
        const uint Fixed = IrqSetMessage.Trigger;
        if (targets.IsEmpty)
        {
            IrqSetMessage off = new() { ArgSize = (uint)sizeof(IrqSetMessage), Flags = Fixed | IrqSetMessage.DataNone, Index = (uint)kind };
            return Ask(VfioUserCommand.DeviceSetIrqs, Bytes(in off), default, _limits.Change);
        }

        int most = Math.Min(_server.MaxDescriptors, MessageSocket.MaxDescriptors);
        while (!targets.IsEmpty)
        {
            int count = Math.Min(most, targets.Length);
            IrqSetMessage set = new()
            {
                ArgSize = (uint)sizeof(IrqSetMessage),
                Flags = Fixed | IrqSetMessage.DataEventFd,
                Index = (uint)kind,
                Start = (uint)start,
                Count = (uint)count,
            };
            using Call call = _channel.Rent();
            SafeHandle[] descriptors = [.. targets[..count]];
            if (Send(call, VfioUserCommand.DeviceSetIrqs, Bytes(in set), default, descriptors, _limits.Change) != CallResult.Done)
            {
                return false;
            }

            start += count;
            targets = targets[count..];
        }

        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Servers take a message for that, each time.</remarks>
    public bool TryUnmaskPinBy(EventFd resample) => false;

    /// <inheritdoc/>
    public bool TryUnmaskPin()
    {
        IrqSetMessage unmask = new() { ArgSize = (uint)sizeof(IrqSetMessage), Flags = IrqSetMessage.Unmask | IrqSetMessage.DataNone, Count = 1 };
        return Ask(VfioUserCommand.DeviceSetIrqs, Bytes(in unmask), default, _limits.Access);
    }

    /// <inheritdoc/>
    public bool TryMapDma(ulong address, HostMemory memory, ulong offset, ulong length, bool writable)
    {
        DmaCodeMapMessage marks = new() { Offset = memory.PageMapOffset.GetValueOrDefault() + (offset / HostMemory.PageSize) };
        ReadOnlySpan<byte> codeMap = _server.HasCodeMap && memory.PageMapOffset is not null ? Bytes(in marks) : default;
        DmaMapMessage map = new()
        {
            ArgSize = (uint)(sizeof(DmaMapMessage) + codeMap.Length),
            Flags = DmaMapMessage.CanRead | (writable ? DmaMapMessage.CanWrite : 0),
            Offset = memory.FileOffset + offset,
            Address = address,
            Size = length,
        };
        if (!_dma.TryAdd(address, memory, offset, length, writable))
        {
            return false;
        }

        using Call call = _channel.Rent();
        if (Send(call, VfioUserCommand.DmaMap, Bytes(in map), codeMap, [memory.File], _limits.Change) == CallResult.Done)
        {
            return true;
        }

        _dma.Remove(address);
        return false;
    }

    /// <inheritdoc/>
    public bool TryUnmapDma(ulong address, ulong length)
    {
        DmaUnmapMessage unmap = new() { ArgSize = (uint)sizeof(DmaUnmapMessage), Address = address, Size = length };
        bool done = Ask(VfioUserCommand.DmaUnmap, Bytes(in unmap), default, _limits.Change);
        _dma.Remove(address);
        return done;
    }

    /// <inheritdoc/>
    public bool TryReset() => Ask(VfioUserCommand.DeviceReset, default, default, _limits.Change);

    /// <inheritdoc/>
    public bool TryReadCounts(out DeviceCounts counts)
    {
        counts = default;
        if (!_server.IsViaduct)
        {
            return false;
        }

        using Call call = _channel.Rent();
        if (Send(call, VfioUserCommand.ViaductGetCounts, default, default, default, _limits.Access) != CallResult.Done
            || !call.TryRead(out CountsMessage message))
        {
            return false;
        }

        counts = new DeviceCounts
        {
            Requests = message.Requests,
            DmaReadBytes = message.DmaReadBytes,
            DmaWrittenBytes = message.DmaWrittenBytes,
            BackendOperations = message.BackendOperations,
            BackendBytes = message.BackendBytes,
            MonitorCpu = TimeSpan.FromTicks(message.CpuTicks),
            Interrupts = message.Interrupts,
        };
        return true;
    }

    void IPeerCommands.OnLost()
    {
        Action? lost;
        lock (_lostLock)
        {
            _isLost = true;
            lost = _disposed ? null : _lost;
        }

        lost?.Invoke();
    }

    void IPeerCommands.OnCommand(ReceivedMessage message)
    {
        MessageHeader header = message.Header;
        switch (header.Command)
        {
            case VfioUserCommand.DmaRead:
                ReadMemory(message);
                break;
            case VfioUserCommand.DmaWrite:
                WriteMemory(message);
                break;
            case VfioUserCommand.ViaductCodeWritten when _server.HasCodeMap:
                NoteWritten(message);
                break;
            case VfioUserCommand.ViaductDoorbellTraps when _doorbells is not null && message.TryRead(out DoorbellTrapMessage trap):
                if (!_doorbells.TryAdd(header.Id, header.WantsReply, trap.Armed != 0))
                {
                    _channel.Lose("it switches its doorbells without waiting for the answers");
                }

                break;
            default:
                _channel.Refuse(header.Id, header.Command, ErrnoNotSupported);
                break;
        }
    }

    /// <summary>Ends the connection: the server has the device back. The guest uses none of its memory any more.</summary>
    public void Dispose()
    {
        lock (_lostLock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _channel.Dispose();
        _doorbells?.Dispose();
        _memory.ForEach(memory => memory.Dispose());
        _signals.ForEach(signal => signal.Dispose());
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private CallResult Send(
        Call call, VfioUserCommand command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<SafeHandle> descriptors, TimeSpan limit) =>
        _channel.Send(call, command, first, second, descriptors, limit);

    private bool Ask(VfioUserCommand command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, TimeSpan limit)
    {
        using Call call = _channel.Rent();
        return Send(call, command, first, second, default, limit) == CallResult.Done;
    }

    private bool IsInside(int region, ulong offset, int length) =>
        _regions[region].Size >= (ulong)length && offset <= _regions[region].Size - (ulong)length;

    private VersionOffer Negotiate(VersionOffer own)
    {
        using Call call = _channel.Rent();

        // A server may have to see first that the one who had the device has gone, and to reset it.
        switch (Send(call, VfioUserCommand.Version, own.Format(), default, default, _limits.Change))
        {
            case CallResult.Done when VersionOffer.Parse(call.Body) is { } offer:
                return offer;
            case CallResult.Refused when call.Error == ErrnoBusy:
                string text = Encoding.UTF8.GetString(call.Body).TrimEnd('\0');
                throw new AssignedDeviceException($"{Name}: {(text.Length == 0 ? "another guest holds the device" : Printable(text))}", isHeld: true);
            case CallResult.Refused:
                throw new AssignedDeviceException($"{Name}: the server refused the connection (errno {call.Error})");
            case CallResult.Lost:
                throw new AssignedDeviceException($"{Name}: no vfio-user server: {LossReason}");
            default:
                throw new AssignedDeviceException($"{Name}: the server speaks another protocol than vfio-user {VersionOffer.Major}.{VersionOffer.Minor}");
        }
    }

    private static string Printable(string text) => string.Concat(text.Where(c => !char.IsControl(c)).Take(400));

    private void Discover()
    {
        DeviceInfoMessage request = new() { ArgSize = (uint)sizeof(DeviceInfoMessage) };
        DeviceInfoMessage info;
        using (Call call = _channel.Rent())
        {
            if (Send(call, VfioUserCommand.DeviceGetInfo, Bytes(in request), default, default, _limits.Access) != CallResult.Done
                || !call.TryRead(out info)
                || (info.Flags & DeviceInfoMessage.IsPci) == 0
                || info.Regions <= AssignedRegion.Config)
            {
                throw new AssignedDeviceException($"{Name}: the server has no PCI device{(LossReason is null ? "" : $": {LossReason}")}");
            }
        }

        CanReset = (info.Flags & DeviceInfoMessage.CanReset) != 0;
        RegionDiscovery discovery = new(Name, _channel, _limits.Access, _server.IsViaduct);
        try
        {
            for (int region = 0; region < RegionCount; region++)
            {
                _regions[region] = region < info.Regions ? discovery.Read(region) : AssignedRegion.None;
            }
        }
        finally
        {
            _memory.AddRange(discovery.Memory);
            _signals.AddRange(discovery.Signals);
        }

        for (int kind = 0; kind < Kinds && kind < info.Interrupts; kind++)
        {
            _interrupts[kind] = ReadInterruptCount((AssignedInterrupt)kind);
        }
    }

    private int ReadInterruptCount(AssignedInterrupt kind)
    {
        IrqInfoMessage request = new() { ArgSize = (uint)sizeof(IrqInfoMessage), Index = (uint)kind };
        using Call call = _channel.Rent();
        CallResult result = Send(call, VfioUserCommand.DeviceGetIrqInfo, Bytes(in request), default, default, _limits.Access);
        if (result == CallResult.Refused)
        {
            return 0;
        }

        uint most = kind switch
        {
            AssignedInterrupt.Msix => 2048,
            AssignedInterrupt.Msi => 32,
            _ => 1,
        };
        return result != CallResult.Done || !call.TryRead(out IrqInfoMessage info) || info.Count > most
            ? throw new AssignedDeviceException($"{Name}: the server's answer about {kind} interrupts makes no sense")
            : (int)info.Count;
    }

    private void ReadMemory(ReceivedMessage message)
    {
        MessageHeader header = message.Header;
        if (!message.TryRead(out DmaAccessMessage access) || access.Count > (ulong)_dmaBuffer.Length)
        {
            _channel.Refuse(header.Id, header.Command, ErrnoInvalid);
            return;
        }

        Span<byte> bytes = _dmaBuffer.AsSpan(0, (int)access.Count);
        if (_dma.TryRead(access.Address, bytes))
        {
            _channel.Reply(header.Id, header.Command, Bytes(in access), bytes);
        }
        else
        {
            _channel.Refuse(header.Id, header.Command, ErrnoFault);
        }
    }

    private void NoteWritten(ReceivedMessage message)
    {
        MessageHeader header = message.Header;
        if (!message.TryRead(out DmaAccessMessage access) || access.Count == 0 || access.Count > (ulong)_dmaBuffer.Length)
        {
            _channel.Refuse(header.Id, header.Command, ErrnoInvalid);
        }
        else if (!_dma.TryNoteWrite(access.Address, access.Count))
        {
            _channel.Refuse(header.Id, header.Command, ErrnoFault);
        }
        else if (header.WantsReply)
        {
            _channel.Reply(header.Id, header.Command, Bytes(in access));
        }
    }

    private void WriteMemory(ReceivedMessage message)
    {
        MessageHeader header = message.Header;
        if (!message.TryRead(out DmaAccessMessage access)
            || access.Count != (ulong)(message.Body.Length - sizeof(DmaAccessMessage)))
        {
            _channel.Refuse(header.Id, header.Command, ErrnoInvalid);
        }
        else if (!_dma.TryWrite(access.Address, message.Body[sizeof(DmaAccessMessage)..]))
        {
            _channel.Refuse(header.Id, header.Command, ErrnoFault);
        }
        else if (header.WantsReply)
        {
            _channel.Reply(header.Id, header.Command, Bytes(in access));
        }
    }
}
