using System.Runtime.InteropServices;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// What the server asks of a client: bytes of memory that isn't shared, traps for doorbells, and to drop code that was
/// written. Commands and replies cross on one socket. As a rule the session's thread receives; while that waits for the device, which may itself wait
/// for a reply, the device's thread receives in its place.
/// </summary>
internal sealed class ClientLink : IRemoteMemory, IDoorbellTrap
{
    /// <summary>Commands that may come while the session waits for the device.</summary>
    private const int MaxDeferred = 64;

    /// <summary>Bytes asked for at once. QEMU drops the end of a reply that is longer than its socket's buffer.</summary>
    private const int MaxChunk = 64 << 10;

    private static readonly TimeSpan _replyLimit = TimeSpan.FromSeconds(2);

    private readonly object _gate = new();
    private readonly Lock _transferring = new();
    private readonly MessageSocket _socket;
    private readonly DoorbellPage? _doorbells;
    private readonly Queue<ReceivedMessage> _deferred = new();
    private readonly byte[] _reply;
    private int _replyLength = -1;
    private ushort _transferId;
    private bool _awaitsTransfer;
    private (ushort Id, long Ticket)? _arming;
    private ushort _lastId;
    private bool _sessionWaits;
    private bool _ended;

    /// <param name="socket">The connection.</param>
    /// <param name="client">What the client said of itself.</param>
    /// <param name="doorbells">The function's doorbells.</param>
    internal ClientLink(MessageSocket socket, VersionOffer client, DoorbellPage? doorbells)
    {
        _socket = socket;
        _doorbells = doorbells;
        _reply = new byte[Math.Min(client.MaxTransfer, MaxChunk)];
    }

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            Span<byte> part = destination[..Math.Min(destination.Length, _reply.Length)];
            if (!TryTransfer(VfioUserCommand.DmaRead, address, part.Length, default, part))
            {
                return false;
            }

            destination = destination[part.Length..];
            address += (ulong)part.Length;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> part = source[..Math.Min(source.Length, _reply.Length)];
            if (!TryTransfer(VfioUserCommand.DmaWrite, address, part.Length, part, default))
            {
                return false;
            }

            source = source[part.Length..];
            address += (ulong)part.Length;
        }

        return true;
    }

    /// <summary>Says that memory was written that an engine keeps code of, and waits for the reply. False, and the end of the connection, when there is none.</summary>
    internal bool TryReportCode(ulong address, int length)
    {
        if (TryTransfer(VfioUserCommand.ViaductCodeWritten, address, length, default, default))
        {
            return true;
        }

        _socket.Shutdown();
        return false;
    }

    /// <inheritdoc/>
    public void Arm(long ticket)
    {
        ushort id;
        lock (_gate)
        {
            id = ++_lastId;
            _arming = (id, ticket);
        }

        _ = SendTraps(id, MessageFlags.None, armed: true);
    }

    /// <inheritdoc/>
    public void Disarm()
    {
        ushort id;
        lock (_gate)
        {
            id = ++_lastId;
            _arming = null;
        }

        _ = SendTraps(id, MessageFlags.NoReply, armed: false);
    }

    /// <summary>Takes a reply; one that nobody waits for is dropped.</summary>
    internal void Complete(ReceivedMessage reply)
    {
        long? trapped = null;
        lock (_gate)
        {
            bool failed = (reply.Header.Flags & MessageFlags.Error) != 0;
            if (_arming is { } arming && arming.Id == reply.Header.Id && reply.Header.Command == VfioUserCommand.ViaductDoorbellTraps)
            {
                _arming = null;
                trapped = failed ? null : arming.Ticket;
            }
            else if (_awaitsTransfer && reply.Header.Id == _transferId && reply.Header.Command is VfioUserCommand.DmaRead or VfioUserCommand.DmaWrite or VfioUserCommand.ViaductCodeWritten)
            {
                _awaitsTransfer = false;
                _replyLength = Keep(failed ? default : reply.Body);
                Monitor.PulseAll(_gate);
            }
        }

        if (trapped is { } ticket)
        {
            _doorbells?.Trapped(ticket);
        }
    }

    /// <summary>Does on the session's thread what waits for the device.</summary>
    internal void WaitForDevice(Action wait)
    {
        SetSessionWaits(true);
        try
        {
            wait();
        }
        finally
        {
            SetSessionWaits(false);
        }
    }

    /// <summary>Takes a command that came meanwhile; the caller disposes it.</summary>
    internal bool TryTakeDeferred(out ReceivedMessage message)
    {
        lock (_gate)
        {
            return _deferred.TryDequeue(out message!);
        }
    }

    /// <summary>The connection is at its end: nobody waits any more, nothing is asked any more.</summary>
    internal void End()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (ReceivedMessage message in _deferred)
            {
                message.Dispose();
            }

            _deferred.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    private void SetSessionWaits(bool waits)
    {
        lock (_gate)
        {
            _sessionWaits = waits;
            Monitor.PulseAll(_gate);
        }
    }

    private bool SendTraps(ushort id, MessageFlags flags, bool armed)
    {
        DoorbellTrapMessage message = new() { Armed = armed ? 1u : 0u };
        MessageHeader header = new() { Id = id, Command = VfioUserCommand.ViaductDoorbellTraps, Flags = flags };
        return _socket.TrySend(header, MemoryMarshal.AsBytes(new ReadOnlySpan<DoorbellTrapMessage>(in message)));
    }

    private bool TryTransfer(VfioUserCommand command, ulong address, int count, ReadOnlySpan<byte> written, Span<byte> read)
    {
        lock (_transferring)
        {
            DmaAccessMessage access = new() { Address = address, Count = (ulong)count };
            MessageHeader header = new() { Command = command };
            lock (_gate)
            {
                if (_ended)
                {
                    return false;
                }

                header.Id = _transferId = ++_lastId;
                _awaitsTransfer = true;
                _replyLength = -1;
            }

            if (!_socket.TrySend(header, MemoryMarshal.AsBytes(new ReadOnlySpan<DmaAccessMessage>(in access)), written))
            {
                return false;
            }

            AwaitTransfer();
            const int AccessLength = 16;
            bool done = _replyLength >= AccessLength + read.Length;
            if (done)
            {
                _reply.AsSpan(0, read.Length).CopyTo(read);
            }

            return done;
        }
    }

    private void AwaitTransfer()
    {
        long deadline = Environment.TickCount64 + (long)_replyLimit.TotalMilliseconds;
        while (true)
        {
            lock (_gate)
            {
                long left = deadline - Environment.TickCount64;
                while (_awaitsTransfer && !_ended && !_sessionWaits && left > 0)
                {
                    _ = Monitor.Wait(_gate, (int)left);
                    left = deadline - Environment.TickCount64;
                }

                if (!_awaitsTransfer || _ended || left <= 0)
                {
                    _awaitsTransfer = false;
                    return;
                }
            }

            ReceiveInPlaceOfSession(TimeSpan.FromMilliseconds(deadline - Environment.TickCount64));
        }
    }

    // The session's thread waits for this one, so nobody else receives.
    private void ReceiveInPlaceOfSession(TimeSpan limit)
    {
        if (!_socket.TryWait(limit))
        {
            return;
        }

        ReceivedMessage message = new();
        if (!_socket.TryReceive(message))
        {
            message.Dispose();
            _socket.Shutdown();
            End();
        }
        else if (message.Header.IsReply)
        {
            Complete(message);
            message.Dispose();
        }
        else
        {
            Defer(message);
        }
    }

    private void Defer(ReceivedMessage message)
    {
        lock (_gate)
        {
            if (_deferred.Count < MaxDeferred && !_ended)
            {
                _deferred.Enqueue(message);
                return;
            }
        }

        message.Dispose();
        _socket.Shutdown();
    }

    // The structure of the request comes back before the bytes.
    private int Keep(ReadOnlySpan<byte> body)
    {
        const int AccessLength = 16;
        if (body.Length < AccessLength)
        {
            return -1;
        }

        ReadOnlySpan<byte> data = body[AccessLength..];
        if (data.Length > _reply.Length)
        {
            return -1;
        }

        data.CopyTo(_reply);
        return body.Length;
    }
}
