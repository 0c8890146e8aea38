using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host.Interop;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>A socket to the kernel's routing netlink (rtnetlink(7)), one request at a time. One thread.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    private const int PatienceSeconds = 30;
    private const int LongestDatagram = 1 << 20;

    private readonly SafeFileHandle _socket;
    private uint _sequence;

    /// <exception cref="HostException">The kernel has no such sockets for this process.</exception>
    internal NetlinkSocket()
    {
        int fd = NetlinkCalls.socket(NetlinkCalls.AF_NETLINK, NetlinkCalls.SOCK_RAW | NetlinkCalls.SOCK_CLOEXEC, NetlinkCalls.NETLINK_ROUTE);
        if (fd < 0)
        {
            throw HostException.Last("open a netlink socket");
        }

        _socket = new SafeFileHandle(fd, ownsHandle: true);
        NetlinkCalls.Address any = new() { Family = NetlinkCalls.AF_NETLINK };
        NetlinkCalls.TimeValue patience = new() { Seconds = PatienceSeconds };
        if (NetlinkCalls.bind(_socket, &any, (uint)sizeof(NetlinkCalls.Address)) < 0
            || NetlinkCalls.setsockopt(_socket, NetlinkCalls.SOL_SOCKET, NetlinkCalls.SO_RCVTIMEO, &patience, (uint)sizeof(NetlinkCalls.TimeValue)) < 0)
        {
            HostException error = HostException.Last("bind a netlink socket");
            _socket.Dispose();
            throw error;
        }

        // Old kernels don't know these, and then only give a number for a reason.
        int on = 1;
        _ = NetlinkCalls.setsockopt(_socket, NetlinkCalls.SOL_NETLINK, NetlinkCalls.NETLINK_CAP_ACK, &on, sizeof(int));
        _ = NetlinkCalls.setsockopt(_socket, NetlinkCalls.SOL_NETLINK, NetlinkCalls.NETLINK_EXT_ACK, &on, sizeof(int));
    }

    /// <summary>Sends a request, and takes what the kernel answers until it acknowledges the request.</summary>
    /// <param name="request">With NLM_F_ACK among its flags.</param>
    /// <param name="take">Given each answer.</param>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    /// <exception cref="HostException">The socket fails, or what it gives makes no sense.</exception>
    internal void Ask(NetlinkWriter request, AnswerTaker take)
    {
        uint sequence = ++_sequence;
        ReadOnlySpan<byte> message = request.Finish(sequence);
        NetlinkCalls.Address kernel = new() { Family = NetlinkCalls.AF_NETLINK };
        fixed (byte* bytes = message)
        {
            if (NetlinkCalls.sendto(_socket, bytes, (nuint)message.Length, 0, &kernel, (uint)sizeof(NetlinkCalls.Address)) != message.Length)
            {
                throw HostException.Last("send a netlink request");
            }
        }

        bool isFinished = false;
        while (!isFinished)
        {
            isFinished = NetlinkAnswers.Take(Receive(), sequence, take);
        }
    }

    public void Dispose() => _socket.Dispose();

    // From the kernel only: any process may send to this socket's address.
    private byte[] Receive()
    {
        while (true)
        {
            nint length = Receive([], NetlinkCalls.MSG_PEEK | NetlinkCalls.MSG_TRUNC, out _);
            if (length > LongestDatagram)
            {
                throw NetlinkAttributes.Malformed();
            }

            byte[] datagram = new byte[length];
            _ = Receive(datagram, 0, out uint sender);
            if (sender == 0)
            {
                return datagram;
            }
        }
    }

    private nint Receive(Span<byte> buffer, int flags, out uint sender)
    {
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                NetlinkCalls.Address address;
                uint addressLength = (uint)sizeof(NetlinkCalls.Address);
                nint received = NetlinkCalls.recvfrom(_socket, bytes, (nuint)buffer.Length, flags, &address, &addressLength);
                if (received >= 0)
                {
                    sender = address.Port;
                    return received;
                }

                if (Marshal.GetLastPInvokeError() != NetlinkCalls.EINTR)
                {
                    throw HostException.Last("wait for a netlink answer");
                }
            }
        }
    }
}
