using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Interop;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>A UNIX socket that clients connect to, and its file.</summary>
internal sealed unsafe class ServerSocket : IDisposable
{
    private const int Backlog = 16;

    private static readonly TimeSpan _noDescriptors = TimeSpan.FromMilliseconds(100);

    private readonly SafeFileHandle _socket;
    private readonly string _path;
    private readonly ManualResetEventSlim _closed = new();

    private ServerSocket(SafeFileHandle socket, string path)
    {
        _socket = socket;
        _path = path;
    }

    /// <summary>Listens; a file that a server of before left there is replaced.</summary>
    /// <exception cref="HostException">Somebody listens there, or the place can't be written.</exception>
    internal static ServerSocket Listen(string path)
    {
        SocketCalls.UnixAddress address = SocketCalls.UnixAddress.Of(path);
        if (IsStale(path, &address))
        {
            File.Delete(path);
        }

        SafeFileHandle socket = SocketCalls.NewSocket();
        try
        {
            if (SocketCalls.bind(socket, &address, (uint)sizeof(SocketCalls.UnixAddress)) < 0)
            {
                throw HostException.Last($"bind to {path}");
            }

            return SocketCalls.listen(socket, Backlog) < 0 ? throw HostException.Last($"listen at {path}") : new ServerSocket(socket, path);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a client. Null when the socket was closed.</summary>
    internal MessageSocket? Accept()
    {
        while (!_closed.IsSet)
        {
            int fd = SocketCalls.accept4(_socket, null, null, SocketCalls.SOCK_CLOEXEC);
            if (fd >= 0)
            {
                return new MessageSocket(new SafeFileHandle(fd, ownsHandle: true));
            }

            int error = Marshal.GetLastPInvokeError();
            if (error is SocketCalls.EMFILE or SocketCalls.ENFILE)
            {
                // The client waits in the kernel until there is one again.
                _ = _closed.Wait(_noDescriptors);
            }
            else if (error is not (SocketCalls.EINTR or SocketCalls.ECONNABORTED))
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Ends <see cref="Accept"/> and takes the file away.</summary>
    internal void Close()
    {
        if (!_closed.IsSet)
        {
            _closed.Set();
            File.Delete(_path);
            _ = SocketCalls.shutdown(_socket, SocketCalls.SHUT_RDWR);
        }
    }

    /// <summary>Closes it. Nobody may be accepting.</summary>
    public void Dispose()
    {
        Close();
        _socket.Dispose();
        _closed.Dispose();
    }

    // Only a socket that refuses is one that nobody serves any more; any other file refuses, too.
    private static bool IsStale(string path, SocketCalls.UnixAddress* address)
    {
        using SafeFileHandle file = new(SocketCalls.open(path, SocketCalls.O_NONBLOCK_CLOEXEC), ownsHandle: true);
        if (!file.IsInvalid || Marshal.GetLastPInvokeError() != SocketCalls.ENXIO)
        {
            return false;
        }

        using SafeFileHandle probe = SocketCalls.NewSocket();
        return SocketCalls.connect(probe, address, (uint)sizeof(SocketCalls.UnixAddress)) < 0
            ? Marshal.GetLastPInvokeError() == SocketCalls.ECONNREFUSED
            : throw new HostException($"the socket {path} has a server already", SocketCalls.EADDRINUSE);
    }
}
