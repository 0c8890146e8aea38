using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// One client's use of a function, from its version to the end of the connection: commands are carried out one after
/// the other on one thread. What a client sends is checked here; wrong is answered with an errno, and what can't be
/// framed ends the connection.
/// </summary>
internal sealed unsafe class ClientSession : IDisposable
{
    private const ulong MultiLimit = 4096;

    private readonly ReceivedMessage _message = new();
    private readonly MessageSocket _socket;
    private readonly VersionOffer _client;
    private readonly PciFunction _function;
    private readonly ServedMemory _memory;
    private readonly ServedRegions _regions;
    private readonly ServedInterrupts _interrupts;
    private readonly ClientLink _link;
    private readonly IEventLog _log;
    private readonly ClientPace _pace;
    private int _resets;
    private DoorbellRinger? _ringer;
    private byte[] _data = new byte[64];

    internal ClientSession(
        MessageSocket socket,
        VersionOffer client,
        DeviceHolder holder,
        PciFunction function,
        ServedMemory memory,
        ServedRegions regions,
        ServedInterrupts interrupts,
        ClientPace pace,
        IEventLog log)
    {
        _socket = socket;
        _client = client;
        Holder = holder;
        _function = function;
        _memory = memory;
        _regions = regions;
        _interrupts = interrupts;
        _pace = pace;
        _log = log;
        _link = new ClientLink(socket, client, function.Doorbells);
    }

    /// <summary>Who the client is.</summary>
    internal DeviceHolder Holder { get; }

    /// <summary>Whether the client has gone, or is about to be found so.</summary>
    internal bool IsOver => _socket.IsPeerGone;

    /// <summary>Serves the client until the connection ends, then makes the function as new.</summary>
    internal void Run()
    {
        _function.Reset += CountReset;
        while (TryNext())
        {
        }

        _function.Reset -= CountReset;
        _link.End();
        _socket.Shutdown();
        if (_function.Doorbells is { } doorbells)
        {
            doorbells.Trap = null;
        }

        bool gaveDoorbells = _ringer is not null;
        _ringer?.Dispose();
        _ringer = null;
        _interrupts.Clear();
        _function.SystemReset();
        _ = _memory.Clear();
        if (gaveDoorbells)
        {
            // The client may have kept the page, and must not ring for the next one.
            _function.Doorbells?.Renew();
        }
    }

    /// <summary>Ends the connection. Any thread.</summary>
    internal void Stop() => _socket.Shutdown();

    public void Dispose()
    {
        _ringer?.Dispose();
        _message.Dispose();
        _socket.Dispose();
    }

    private bool TryNext()
    {
        while (_link.TryTakeDeferred(out ReceivedMessage deferred))
        {
            Carry(deferred);
            deferred.Dispose();
        }

        if (!_socket.TryReceive(_message))
        {
            return false;
        }

        if (_message.Header.IsReply)
        {
            _link.Complete(_message);
        }
        else
        {
            Carry(_message);
        }

        return true;
    }

    private void Carry(ReceivedMessage message)
    {
        int error = message.Header.Command switch
        {
            VfioUserCommand.RegionRead => ReadRegion(message),
            VfioUserCommand.RegionWrite => WriteRegion(message),
            VfioUserCommand.RegionWriteMulti => WriteSeveral(message),
            VfioUserCommand.DmaMap => MapDma(message),
            VfioUserCommand.DmaUnmap => UnmapDma(message),
            VfioUserCommand.DeviceGetInfo => DescribeDevice(message),
            VfioUserCommand.DeviceGetRegionInfo => DescribeRegion(message),
            VfioUserCommand.DeviceGetRegionIoFds => DescribeDoorbells(message),
            VfioUserCommand.DeviceGetIrqInfo => DescribeInterrupts(message),
            VfioUserCommand.DeviceSetIrqs => SetInterrupts(message),
            VfioUserCommand.DeviceReset => Reset(message),
            VfioUserCommand.ViaductGetCounts when _client.IsViaduct => Count(message),
            VfioUserCommand.Version => Errno.Invalid,
            VfioUserCommand.DeviceFeature => Errno.NotTerminal,
            _ => Errno.NotSupported,
        };
        if (error != 0)
        {
            Refuse(_socket, in message.Header, error);
        }

        KeepPace(message.Header.Command, error);
    }

    private void KeepPace(VfioUserCommand command, int error)
    {
        double credits = (_resets + (error != 0 ? 1 : 0)) * ClientPace.Reset;
        credits += command is VfioUserCommand.DmaMap or VfioUserCommand.DmaUnmap ? ClientPace.Map : 0;
        _resets = 0;
        if (credits != 0 && _pace.Spend(credits) is var pause && pause > TimeSpan.Zero)
        {
            _socket.WaitForEnd(pause);
        }
    }

    // On the session's thread: only what it carries out resets the function.
    private void CountReset() => _resets++;

    /// <summary>Answers a command with an errno, and with a text where the client takes one.</summary>
    internal static void Refuse(MessageSocket socket, in MessageHeader command, int error, ReadOnlySpan<byte> text = default)
    {
        if (command.WantsReply)
        {
            MessageHeader header = new() { Id = command.Id, Command = command.Command, Flags = MessageFlags.Reply | MessageFlags.Error, Error = (uint)error };
            _ = socket.TrySend(header, text);
        }
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private int Reply(ReceivedMessage command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default, ReadOnlySpan<SafeHandle> descriptors = default)
    {
        if (command.Header.WantsReply)
        {
            MessageHeader header = new() { Id = command.Header.Id, Command = command.Header.Command, Flags = MessageFlags.Reply };
            _ = _socket.TrySend(header, first, second, descriptors);
        }

        return 0;
    }

    private int ReadRegion(ReceivedMessage message)
    {
        if (!message.TryRead(out RegionAccessMessage access)
            || access.Region >= ServedRegions.Count
            || access.Count > (uint)_client.MaxTransfer
            || !_regions.Contains(in access))
        {
            return Errno.Invalid;
        }

        if (_data.Length < (int)access.Count)
        {
            _data = new byte[access.Count];
        }

        Span<byte> data = _data.AsSpan(0, (int)access.Count);
        _regions.Read(access.Region, access.Offset, data);
        return Reply(message, Bytes(in access), data);
    }

    private int WriteRegion(ReceivedMessage message)
    {
        if (!message.TryRead(out RegionAccessMessage access)
            || access.Region >= ServedRegions.Count
            || access.Count != (uint)(message.Body.Length - sizeof(RegionAccessMessage))
            || !_regions.Contains(in access))
        {
            return Errno.Invalid;
        }

        Write(in access, message.Body[sizeof(RegionAccessMessage)..]);
        return Reply(message, Bytes(in access));
    }

    private int WriteSeveral(ReceivedMessage message)
    {
        const int DataLength = 8;
        const int EntryLength = 24;
        if (!message.TryRead(out ulong count) || count > MultiLimit || (ulong)message.Body.Length != sizeof(ulong) + (count * EntryLength))
        {
            return Errno.Invalid;
        }

        ReadOnlySpan<byte> entries = message.Body[sizeof(ulong)..];
        for (ulong done = 0; done < count; done++)
        {
            RegionAccessMessage access = MemoryMarshal.Read<RegionAccessMessage>(entries);
            if (access.Region >= ServedRegions.Count || access.Count > DataLength || !_regions.Contains(in access))
            {
                return Errno.Invalid;
            }

            Write(in access, entries.Slice(sizeof(RegionAccessMessage), (int)access.Count));
            entries = entries[EntryLength..];
        }

        return Reply(message, Bytes(in count));
    }

    private void Write(in RegionAccessMessage access, ReadOnlySpan<byte> data)
    {
        if ((_memory.AnyRemote || _client.HasCodeMap) && _regions.MayWait(in access))
        {
            WriteAndWait(access, data.ToArray());
        }
        else
        {
            _regions.Write(access.Region, access.Offset, data);
        }
    }

    // Apart, for what it allocates.
    private void WriteAndWait(RegionAccessMessage access, byte[] data) =>
        _link.WaitForDevice(() => _regions.Write(access.Region, access.Offset, data));

    private int MapDma(ReceivedMessage message)
    {
        const uint Known = DmaMapMessage.CanRead | DmaMapMessage.CanWrite;
        if (!message.TryRead(out DmaMapMessage map) || map.ArgSize < (uint)sizeof(DmaMapMessage) || message.DescriptorCount > 1 || (map.Flags & ~Known) != 0 || map.Flags == 0)
        {
            return Errno.Invalid;
        }

        ulong? codeMap = null;
        if (_client.HasCodeMap && map.ArgSize >= (uint)(sizeof(DmaMapMessage) + sizeof(DmaCodeMapMessage)))
        {
            if (message.Body.Length < sizeof(DmaMapMessage) + sizeof(DmaCodeMapMessage))
            {
                return Errno.Invalid;
            }

            codeMap = MemoryMarshal.Read<DmaCodeMapMessage>(message.Body[sizeof(DmaMapMessage)..]).Offset;
        }

        int error = _memory.Check(map.Address, map.Size);
        if (error != 0)
        {
            return error;
        }

        bool writable = (map.Flags & DmaMapMessage.CanWrite) != 0;
        HostMemory? memory = null;
        if (message.TakeDescriptor(0) is { } file)
        {
            try
            {
                memory = HostMemory.FromFile("client memory", file, map.Offset, map.Size, writable, codeMap);
            }
            catch (HostException reason)
            {
                return reason.Errno;
            }

            if (memory is null)
            {
                _log.Warn(_function.Name, $"{Holder.Name} shares {map.Size:x} bytes of memory at {map.Address:x} in a file that could be cut short; they are copied by messages, which is slow (share memory by memfd)");
            }
        }

        if (memory is not null)
        {
            memory.Observe(new CodeReporter(_link, map.Address, _function.Dma));
            _memory.Map(map.Address, memory, writable);
        }
        else
        {
            _memory.Map(map.Address, map.Size, _link, writable);
        }

        return Reply(message, default);
    }

    private int UnmapDma(ReceivedMessage message)
    {
        if (!message.TryRead(out DmaUnmapMessage unmap) || unmap.ArgSize < (uint)sizeof(DmaUnmapMessage) || (unmap.Flags & ~DmaUnmapMessage.All) != 0)
        {
            return Errno.Invalid;
        }

        bool all = unmap.Flags == DmaUnmapMessage.All;
        List<ulong> starts = [];
        if (all ? (unmap.Address | unmap.Size) != 0 : unmap.Size == 0 || unmap.Address + (unmap.Size - 1) < unmap.Address)
        {
            return Errno.Invalid;
        }

        if (!all && !_memory.TryFind(unmap.Address, unmap.Size, out starts))
        {
            return Errno.Invalid;
        }

        if (!all && starts.Count == 0)
        {
            return Errno.NoEntry;
        }

        // The client may use the memory for something else as soon as it has the reply.
        IDmaPause? device = _function.DmaPause;
        if (device is not null)
        {
            _link.WaitForDevice(device.Pause);
        }

        unmap.Size = all ? _memory.Clear() : _memory.Remove(starts);
        device?.Resume();
        return Reply(message, Bytes(in unmap));
    }

    private int DescribeDevice(ReceivedMessage message)
    {
        if (!message.TryRead(out DeviceInfoMessage info) || info.ArgSize < (uint)sizeof(DeviceInfoMessage))
        {
            return Errno.Invalid;
        }

        info = new DeviceInfoMessage
        {
            ArgSize = (uint)sizeof(DeviceInfoMessage),
            Flags = DeviceInfoMessage.CanReset | DeviceInfoMessage.IsPci,
            Regions = ServedRegions.Count,
            Interrupts = 5,
        };
        return Reply(message, Bytes(in info));
    }

    private int DescribeRegion(ReceivedMessage message)
    {
        if (!message.TryRead(out RegionInfoMessage asked) || asked.ArgSize < (uint)sizeof(RegionInfoMessage) || asked.Index >= ServedRegions.Count)
        {
            return Errno.Invalid;
        }

        ulong size = _regions.SizeOf(asked.Index);
        RegionInfoMessage info = new()
        {
            ArgSize = (uint)sizeof(RegionInfoMessage),
            Index = asked.Index,
            Size = size,
            Flags = size == 0 ? 0 : RegionInfoMessage.CanRead | RegionInfoMessage.CanWrite,
        };
        if (_regions.MemoryOf(asked.Index) is not { Memory: { } memory } part)
        {
            return Reply(message, Bytes(in info));
        }

        info.Flags |= RegionInfoMessage.CanMap | RegionInfoMessage.HasCapabilities;
        info.Offset = memory.FileOffset + part.MemoryOffset - part.Offset;
        info.ArgSize = (uint)(sizeof(RegionInfoMessage) + sizeof(SparseMapCapability) + 16);
        if (asked.ArgSize < info.ArgSize)
        {
            // The client asks again with enough room.
            return Reply(message, Bytes(in info), default, [memory.File]);
        }

        info.CapabilityOffset = (uint)sizeof(RegionInfoMessage);
        Span<byte> capability = stackalloc byte[sizeof(SparseMapCapability) + 16];
        MemoryMarshal.Write(capability, new SparseMapCapability { Id = SparseMapCapability.SparseMap, Version = 1, Areas = 1 });
        MemoryMarshal.Write(capability[sizeof(SparseMapCapability)..], part.Offset);
        MemoryMarshal.Write(capability[(sizeof(SparseMapCapability) + 8)..], part.Length);
        return Reply(message, Bytes(in info), capability, [memory.File]);
    }

    private int DescribeDoorbells(ReceivedMessage message)
    {
        if (!message.TryRead(out RegionIoFdsMessage asked)
            || asked.ArgSize < (uint)sizeof(RegionIoFdsMessage)
            || asked.Index >= ServedRegions.Count
            || (asked.Flags | asked.Count) != 0)
        {
            return Errno.Invalid;
        }

        RegionIoFdsMessage info = new() { ArgSize = (uint)sizeof(RegionIoFdsMessage), Index = asked.Index };
        bool watched = _client.IsViaduct && _client.MaxDescriptors >= 2 && _function.Doorbells is { } page && page.Bar == _regions.Bar(asked.Index);
        if (!watched)
        {
            return Reply(message, Bytes(in info));
        }

        info.ArgSize += (uint)sizeof(IoEventFdEntry);
        if (asked.ArgSize < info.ArgSize)
        {
            return Reply(message, Bytes(in info));
        }

        DoorbellPage doorbells = _function.Doorbells!;
        info.Count = 1;
        IoEventFdEntry entry = new()
        {
            Offset = doorbells.Offset,
            Size = doorbells.Memory.Length,
            Type = IoEventFdEntry.ShadowedEventFd,
            Flags = IoEventFdEntry.Watched,
            Descriptor = 0,
            ShadowDescriptor = 1,
            ShadowOffset = doorbells.Memory.FileOffset,
        };
        _ringer ??= new DoorbellRinger(doorbells, _function.Name);
        doorbells.Trap ??= _link;
        return Reply(message, Bytes(in info), Bytes(in entry), [_ringer.Bell, doorbells.Memory.File]);
    }

    private int DescribeInterrupts(ReceivedMessage message) =>
        message.TryRead(out IrqInfoMessage asked) && asked.ArgSize >= (uint)sizeof(IrqInfoMessage) && _interrupts.TryDescribe(asked.Index, out IrqInfoMessage info)
            ? Reply(message, Bytes(in info))
            : Errno.Invalid;

    private int SetInterrupts(ReceivedMessage message)
    {
        int error = _interrupts.Set(message);
        return error != 0 ? error : Reply(message, default);
    }

    private int Reset(ReceivedMessage message)
    {
        _link.WaitForDevice(_function.SystemReset);
        return Reply(message, default);
    }

    private int Count(ReceivedMessage message)
    {
        DeviceCounts counts = _function.Counters.Read();
        CountsMessage reply = new()
        {
            Requests = counts.Requests,
            DmaReadBytes = counts.DmaReadBytes,
            DmaWrittenBytes = counts.DmaWrittenBytes,
            BackendOperations = counts.BackendOperations,
            BackendBytes = counts.BackendBytes,
            CpuTicks = counts.MonitorCpu.Ticks,
            Interrupts = counts.Interrupts,
        };
        return Reply(message, Bytes(in reply));
    }
}
