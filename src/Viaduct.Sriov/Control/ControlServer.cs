using System.Net.Sockets;
using System.Text.Json;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Control;

/// <summary>The control socket: several clients, each of whose lines is answered with a line, in their order.</summary>
internal sealed class ControlServer : IDisposable
{
    /// <summary>The most bytes of a line, its end among them.</summary>
    internal const int MaxLine = 4096;

    /// <summary>The most clients at once; a further one is told so.</summary>
    internal const int MaxClients = 16;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly ControlCommands _commands;
    private readonly IEventLog _log;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<Task> _clients = [];
    private readonly Task _acceptor;

    /// <exception cref="HostException">The socket can't be made.</exception>
    internal ControlServer(string path, ControlCommands commands, IEventLog log)
    {
        _path = path;
        _commands = commands;
        _log = log;
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen(MaxClients);
        }
        catch (SocketException error)
        {
            _listener.Dispose();
            _ending.Dispose();
            throw new HostException($"listen at {path}", error.NativeErrorCode);
        }

        _acceptor = AcceptAsync();
    }

    /// <summary>Ends all connections and removes the socket.</summary>
    public void Dispose()
    {
        _ending.Cancel();
        _acceptor.Wait();
        Task[] clients;
        lock (_gate)
        {
            clients = [.. _clients];
        }

        Task.WaitAll(clients);
        _listener.Dispose();
        File.Delete(_path);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        await Task.Yield();
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                Socket client = await _listener.AcceptAsync(_ending.Token);
                bool full;
                lock (_gate)
                {
                    _clients.RemoveWhere(task => task.IsCompleted);
                    full = _clients.Count >= MaxClients;
                    if (!full)
                    {
                        _clients.Add(Task.Run(() => ServeAsync(client)));
                    }
                }

                if (full)
                {
                    await TurnAwayAsync(client);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException error)
            {
                // A client that is gone again, or no descriptor is left: the next may have more luck, in a while.
                _log.Warn("control", $"a client can't be served: {error.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
        }
    }

    private async Task TurnAwayAsync(Socket client)
    {
        using (client)
        {
            client.Blocking = false;
            await TrySendAsync(client, _commands.Refuse(new ControlError(ControlErrorKind.Failed, $"{MaxClients} clients are connected already; come again when one has left")));
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            byte[] buffer = new byte[MaxLine];
            int filled = 0;
            while (true)
            {
                int end = buffer.AsSpan(0, filled).IndexOf((byte)'\n');
                if (end >= 0)
                {
                    ControlReply reply = _commands.Answer(buffer.AsSpan(0, end));
                    buffer.AsSpan(end + 1, filled - end - 1).CopyTo(buffer);
                    filled -= end + 1;
                    if (!await TrySendAsync(client, reply))
                    {
                        return;
                    }
                }
                else if (filled == buffer.Length)
                {
                    await TrySendAsync(client, _commands.Refuse(ControlError.Invalid($"no request: a line has at most {MaxLine} bytes")));
                    return;
                }
                else
                {
                    int received = await TryReceiveAsync(client, buffer.AsMemory(filled));
                    if (received == 0)
                    {
                        return;
                    }

                    filled += received;
                }
            }
        }
    }

    // Zero when the client is gone, or silent for too long.
    private async Task<int> TryReceiveAsync(Socket client, Memory<byte> buffer)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(_patience);
        try
        {
            return await client.ReceiveAsync(buffer, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return 0;
        }
    }

    private async Task<bool> TrySendAsync(Socket client, ControlReply reply)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        limit.CancelAfter(_patience);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply);
        ReadOnlyMemory<byte> rest = (byte[])[.. json, (byte)'\n'];
        try
        {
            while (!rest.IsEmpty)
            {
                rest = rest[await client.SendAsync(rest, limit.Token)..];
            }

            return true;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
