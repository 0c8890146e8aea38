using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>The messages of one datagram that the kernel sent (netlink(7)).</summary>
internal static class NetlinkAnswers
{
    private const ushort ErrorType = 2;
    private const ushort HasAttributes = 0x200;
    private const ushort MessageAttribute = 1;
    private const int ErrnoLength = sizeof(int);

    /// <summary>Takes the answers to one request.</summary>
    /// <param name="datagram">As it was received.</param>
    /// <param name="sequence">The request's number; messages with another are left out.</param>
    /// <param name="take">Given the type and content of each answer that is no acknowledgement.</param>
    /// <returns>Whether the request is finished: the kernel has acknowledged it.</returns>
    /// <exception cref="NetlinkException">The kernel refused the request.</exception>
    /// <exception cref="HostException">It makes no sense.</exception>
    internal static bool Take(ReadOnlySpan<byte> datagram, uint sequence, AnswerTaker take)
    {
        while (!datagram.IsEmpty)
        {
            int length = datagram.Length < NetlinkWriter.HeaderLength ? 0 : MemoryMarshal.Read<int>(datagram);
            if (length < NetlinkWriter.HeaderLength || length > datagram.Length)
            {
                throw NetlinkAttributes.Malformed();
            }

            ushort type = MemoryMarshal.Read<ushort>(datagram[4..]);
            ushort flags = MemoryMarshal.Read<ushort>(datagram[6..]);
            ReadOnlySpan<byte> content = datagram[NetlinkWriter.HeaderLength..length];
            bool isOurs = MemoryMarshal.Read<uint>(datagram[8..]) == sequence;
            datagram = datagram[Math.Min((length + 3) & ~3, datagram.Length)..];
            if (!isOurs)
            {
                continue;
            }

            if (type == ErrorType)
            {
                Check(content, flags);
                return true;
            }

            take(type, content);
        }

        return false;
    }

    // struct nlmsgerr: the error, the request's header, then attributes.
    private static void Check(ReadOnlySpan<byte> content, ushort flags)
    {
        if (content.Length < ErrnoLength + NetlinkWriter.HeaderLength)
        {
            throw NetlinkAttributes.Malformed();
        }

        int errno = -MemoryMarshal.Read<int>(content);
        if (errno == 0)
        {
            return;
        }

        string? reason = null;
        NetlinkAttributes attributes = new((flags & HasAttributes) == 0 ? [] : content[(ErrnoLength + NetlinkWriter.HeaderLength)..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type == MessageAttribute)
            {
                reason = Encoding.UTF8.GetString(attributes.Value.TrimEnd((byte)0));
            }
        }

        throw new NetlinkException(errno, reason);
    }
}
