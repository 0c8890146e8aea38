using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>
/// A UNIX socket that clients connect to and leave as they like, several at a time. Each first gets the last of what the
/// guest wrote. A client that doesn't read loses bytes, and is told how many; the guest never waits for it.
/// </summary>
internal sealed class SocketConsole : ILabConsole
{
    /// <summary>Bytes that a client may be behind.</summary>
    internal const int BacklogLength = 64 << 10;

    /// <summary>Clients at a time; more are turned away.</summary>
    internal const int MaxClients = 16;

    private readonly Lock _lock = new();
    private readonly ConsoleBacklog _backlog = new(BacklogLength);
    private readonly CancellationTokenSource _end = new();
    private readonly List<Socket> _clients = [];
    private readonly Socket _listener;
    private readonly string _path;
    private readonly Task _accepting;
    private MachineConsole? _console;
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="IOException">The socket can't be made.</exception>
    internal SocketConsole(string path)
    {
        _path = path;
        _listener = Listen(path);
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _backlog.Write(bytes);

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        machine.Console.InputReady += TryAgain;
        lock (_lock)
        {
            _console = machine.Console;
        }

        TryAgain();
    }

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine)
    {
        lock (_lock)
        {
            _console = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        File.Delete(_path);
        lock (_lock)
        {
            _clients.ForEach(client => client.Dispose());
        }

        _accepting.Wait();
        _end.Dispose();
    }

    private static Socket Listen(string path)
    {
        UnixDomainSocketEndPoint place;
        try
        {
            place = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            throw new IOException($"{path}: a socket's path has at most 107 bytes");
        }

        RemoveStale(path, place);
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(place);
            listener.Listen();
            return listener;
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new IOException($"{path}: {error.Message}");
        }
    }

    // What a monitor that was killed left behind refuses connections; anything else at that place is somebody's.
    private static void RemoveStale(string path, UnixDomainSocketEndPoint place)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(place);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused && new FileInfo(path).Length == 0)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException)
        {
            // It is there and no socket that was left: binding says so.
        }

        throw new IOException($"{path}: there is something already");
    }

    private async Task AcceptAsync()
    {
        List<Task> served = [];
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_end.Token);
                served.RemoveAll(task => task.IsCompleted);
                if (Add(client))
                {
                    served.Add(ServeAsync(client));
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The listener is gone: the lab has ended.
        }

        await Task.WhenAll(served);
    }

    private bool Add(Socket client)
    {
        lock (_lock)
        {
            if (_clients.Count < MaxClients && !_end.IsCancellationRequested)
            {
                _clients.Add(client);
                return true;
            }
        }

        client.Dispose();
        return false;
    }

    private async Task ServeAsync(Socket client)
    {
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        Task output = SendAsync(client, gone.Token);
        try
        {
            await ReceiveAsync(client, gone.Token);
        }
        finally
        {
            await gone.CancelAsync();
            await output;
            lock (_lock)
            {
                _ = _clients.Remove(client);
            }

            client.Dispose();
        }
    }

    private async Task SendAsync(Socket client, CancellationToken gone)
    {
        byte[] buffer = new byte[4096];
        long place = _backlog.Start;
        try
        {
            while (true)
            {
                int count = _backlog.Read(ref place, buffer, out long lost, out Task more);
                if (lost > 0)
                {
                    string note = string.Create(CultureInfo.InvariantCulture, $"\r\n[viaduct: {lost} bytes lost here]\r\n");
                    await SendAllAsync(client, Encoding.ASCII.GetBytes(note), gone);
                }

                await SendAllAsync(client, buffer.AsMemory(0, count), gone);
                if (count == 0)
                {
                    await more.WaitAsync(gone);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client went away, or the lab has ended.
        }
    }

    private static async Task SendAllAsync(Socket client, ReadOnlyMemory<byte> bytes, CancellationToken gone)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await client.SendAsync(bytes, gone)..];
        }
    }

    private async Task ReceiveAsync(Socket client, CancellationToken gone)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (true)
            {
                int count = await client.ReceiveAsync(buffer, gone);
                if (count == 0)
                {
                    return;
                }

                await GiveAsync(buffer.AsMemory(0, count), gone);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The client went away, or the lab has ended.
        }
    }

    private async Task GiveAsync(ReadOnlyMemory<byte> bytes, CancellationToken gone)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                room = _room.Task;
                bytes = bytes[(_console?.Receive(bytes.Span) ?? 0)..];
            }

            if (bytes.IsEmpty)
            {
                return;
            }

            await room.WaitAsync(gone);
        }
    }

    // Called on a vCPU's thread, with no lock of the console's held.
    private void TryAgain()
    {
        TaskCompletionSource waiting;
        lock (_lock)
        {
            waiting = _room;
            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.SetResult();
    }
}
