using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>Bytes to and fro between two threads over a UNIX stream socket, as many as a register read takes each way: what the host itself asks for a round trip.</summary>
internal sealed unsafe class PingPong : IDisposable
{
    private const int RequestLength = 32;
    private const int ReplyLength = 36;

    private readonly SafeFileHandle _here;
    private readonly SafeFileHandle _there;
    private readonly Thread _echo;

    /// <exception cref="HostException">The process has no descriptor left.</exception>
    internal PingPong()
    {
        int* sockets = stackalloc int[2];
        if (SocketCalls.socketpair(SocketCalls.AF_UNIX, SocketCalls.SOCK_STREAM_CLOEXEC, 0, sockets) < 0)
        {
            throw HostException.Last("socketpair");
        }

        _here = new SafeFileHandle(sockets[0], ownsHandle: true);
        _there = new SafeFileHandle(sockets[1], ownsHandle: true);
        _echo = new Thread(Echo) { Name = "echo", IsBackground = true };
        _echo.Start();
    }

    /// <summary>Sends and waits so often. Microseconds of each.</summary>
    internal double[] Time(int messages)
    {
        int socket = (int)_here.DangerousGetHandle();
        byte* bytes = stackalloc byte[ReplyLength];
        double[] times = new double[messages];
        for (int i = 0; i < messages; i++)
        {
            long began = Stopwatch.GetTimestamp();
            _ = SocketCalls.send(socket, bytes, RequestLength, 0);
            _ = TryReceive(socket, bytes, ReplyLength);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }

        return times;
    }

    public void Dispose()
    {
        _ = SocketCalls.shutdown((int)_here.DangerousGetHandle(), SocketCalls.SHUT_RDWR);
        _echo.Join();
        _here.Dispose();
        _there.Dispose();
    }

    private static bool TryReceive(int socket, byte* bytes, int length)
    {
        int done = 0;
        while (done < length)
        {
            nint count = SocketCalls.recv(socket, bytes + done, length - done, 0);
            if (count <= 0)
            {
                return false;
            }

            done += (int)count;
        }

        return true;
    }

    private void Echo()
    {
        int socket = (int)_there.DangerousGetHandle();
        byte* bytes = stackalloc byte[ReplyLength];
        while (TryReceive(socket, bytes, RequestLength))
        {
            _ = SocketCalls.send(socket, bytes, ReplyLength, 0);
        }
    }
}
