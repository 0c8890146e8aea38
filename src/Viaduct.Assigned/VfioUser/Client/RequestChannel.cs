using System.Diagnostics;
using System.Runtime.InteropServices;
using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>
/// A connection to a server: commands of any thread, each with its reply or the end of the connection within a bounded
/// time, and a thread that receives. A server that is mute, or says what makes no sense, is as good as dead.
/// </summary>
internal sealed class RequestChannel : IDisposable
{
    private const int MaxCalls = 64;

    private readonly MessageSocket _socket;
    private readonly IPeerCommands _commands;
    private readonly Thread _receiver;
    private readonly Call?[] _calls = new Call?[MaxCalls];
    private readonly Stack<Call> _free = new();
    private int _made;
    private int _sequence;
    private string? _lossReason;
    private bool _started;

    /// <param name="socket">The connection; the channel owns it.</param>
    /// <param name="name">For the thread's name.</param>
    /// <param name="commands">Hears of the server's commands, from <see cref="Start"/> on.</param>
    internal RequestChannel(MessageSocket socket, string name, IPeerCommands commands)
    {
        _socket = socket;
        _commands = commands;
        _receiver = new Thread(Receive) { Name = $"vfio-user {name}", IsBackground = true };
    }

    /// <summary>Whether the connection has ended.</summary>
    internal bool IsLost => LossReason is not null;

    /// <summary>Why it has ended; null while it hasn't.</summary>
    internal string? LossReason => Volatile.Read(ref _lossReason);

    /// <summary>Begins to receive.</summary>
    internal void Start()
    {
        _started = true;
        _receiver.UnsafeStart();
    }

    /// <summary>Rents a call. There are as many as anybody needs; who comes when all are out waits for one.</summary>
    internal Call Rent()
    {
        lock (_free)
        {
            while (_free.Count == 0)
            {
                if (_made < MaxCalls)
                {
                    Call made = new(this, _made);
                    _calls[_made++] = made;
                    return made;
                }

                Monitor.Wait(_free);
            }

            return _free.Pop();
        }
    }

    /// <summary>Gives a call back.</summary>
    internal void Return(Call call)
    {
        lock (_free)
        {
            _free.Push(call);
            Monitor.Pulse(_free);
        }
    }

    /// <summary>Sends a command and waits for its reply.</summary>
    /// <param name="call">Takes the reply.</param>
    /// <param name="command">What is asked.</param>
    /// <param name="first">What follows the header.</param>
    /// <param name="second">What follows that.</param>
    /// <param name="descriptors">What goes with it.</param>
    /// <param name="limit">After this without a reply the connection is given up.</param>
    internal CallResult Send(
        Call call, VfioUserCommand command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<SafeHandle> descriptors, TimeSpan limit)
    {
        // The low bits find the call; those above tell an answer from one to the call's last message.
        ushort id = (ushort)((Interlocked.Increment(ref _sequence) * MaxCalls) | call.Index);
        lock (call)
        {
            call.Result = CallResult.Lost;
            call.Command = command;
            call.Id = id;
        }

        if (IsLost || !_socket.TrySend(new MessageHeader { Id = id, Command = command }, first, second, descriptors))
        {
            Lose($"it took no message ({command})");
            return CallResult.Lost;
        }

        long begin = Stopwatch.GetTimestamp();
        lock (call)
        {
            while (call.Id is not null && !IsLost)
            {
                TimeSpan left = limit - Stopwatch.GetElapsedTime(begin);
                if (left <= TimeSpan.Zero || !Monitor.Wait(call, left))
                {
                    break;
                }
            }

            if (call.Id is null)
            {
                return call.Result;
            }

            call.Id = null;
        }

        Lose($"it didn't answer ({command}) within {limit.TotalSeconds:0.#} s");
        return CallResult.Lost;
    }

    /// <summary>Answers a command of the server's.</summary>
    internal void Reply(ushort id, VfioUserCommand command, ReadOnlySpan<byte> first = default, ReadOnlySpan<byte> second = default) =>
        _ = _socket.TrySend(new MessageHeader { Id = id, Command = command, Flags = MessageFlags.Reply }, first, second);

    /// <summary>Refuses a command of the server's.</summary>
    internal void Refuse(ushort id, VfioUserCommand command, int errno) =>
        _ = _socket.TrySend(new MessageHeader { Id = id, Command = command, Flags = MessageFlags.Reply | MessageFlags.Error, Error = (uint)errno });

    /// <summary>Gives the connection up. Whoever waits for a reply hears of it.</summary>
    internal void Lose(string reason)
    {
        if (Interlocked.CompareExchange(ref _lossReason, reason, null) is not null)
        {
            return;
        }

        _socket.Shutdown();
        foreach (Call? call in _calls)
        {
            if (call is not null)
            {
                lock (call)
                {
                    Monitor.PulseAll(call);
                }
            }
        }

        _commands.OnLost();
    }

    /// <summary>Ends the connection and waits for the receiver. Not for its own thread.</summary>
    public void Dispose()
    {
        Lose("closed");
        if (_started)
        {
            _receiver.Join();
        }

        _socket.Dispose();
    }

    private void Receive()
    {
        using ReceivedMessage message = new();
        while (_socket.TryReceive(message))
        {
            if (!message.Header.IsReply)
            {
                _commands.OnCommand(message);
            }
            else if (!TryComplete(message))
            {
                Lose($"it answered what nobody asked ({message.Header.Command}, message {message.Header.Id})");
                return;
            }
        }

        Lose("it closed the connection");
    }

    private bool TryComplete(ReceivedMessage reply)
    {
        Call? call = _calls[reply.Header.Id & (MaxCalls - 1)];
        if (call is null)
        {
            return false;
        }

        lock (call)
        {
            if (call.Id != reply.Header.Id || call.Command != reply.Header.Command)
            {
                return false;
            }

            call.Complete(reply);
            Monitor.PulseAll(call);
            return true;
        }
    }
}
