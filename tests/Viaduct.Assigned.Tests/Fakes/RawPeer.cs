using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Interop;
using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>One end of a connection as bytes, so that they can be wrong.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly FileStream _stream;

    private RawPeer(FileStream stream) => _stream = stream;

    internal static unsafe (MessageSocket Socket, RawPeer Peer) Pair()
    {
        int* sockets = stackalloc int[2];
        Assert.Equal(0, SocketCalls.socketpair(SocketCalls.AF_UNIX, SocketCalls.SOCK_STREAM, 0, sockets));
        FileStream stream = new(new SafeFileHandle(sockets[1], ownsHandle: true), FileAccess.ReadWrite, 0);
        return (new MessageSocket(new SafeFileHandle(sockets[0], ownsHandle: true)), new RawPeer(stream));
    }

    internal void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public void Dispose() => _stream.Dispose();
}
