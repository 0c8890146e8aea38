using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Tap;

/// <summary>An interface of the host, by its name: what it is, and how to get hold of it.</summary>
internal static unsafe class TapInterface
{
    private const string Device = "/dev/net/tun";

    internal static bool IsName(string name) =>
        name.Length is > 0 and < TapCalls.IFNAMSIZ && name is not ("." or "..") && name.All(c => char.IsAscii(c) && !char.IsWhiteSpace(c) && !char.IsControl(c) && c is not ('/' or ':' or '%'));

    /// <summary>Whether there is an interface, and with which flags of a tap; null flags when it is something else.</summary>
    internal static bool TryGetFlags(string name, out int? flags)
    {
        flags = null;
        string folder = $"/sys/class/net/{name}";
        if (!Directory.Exists(folder))
        {
            return false;
        }

        string file = Path.Combine(folder, "tun_flags");
        if (File.Exists(file) && int.TryParse(File.ReadAllText(file).Trim().AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value))
        {
            flags = (value & TapCalls.IFF_TAP) != 0 ? value : null;
        }

        return true;
    }

    /// <summary>Opens a queue of a tap, which makes the interface where there is none.</summary>
    /// <param name="network">For messages.</param>
    /// <param name="name">The interface.</param>
    /// <param name="flags">IFF_TAP and so on.</param>
    /// <exception cref="NetworkOpenException">It can't be had.</exception>
    internal static OwnedDescriptor Attach(string network, string name, short flags)
    {
        int fd = FileCalls.open(Device, FileCalls.O_RDWR | FileCalls.O_NONBLOCK | FileCalls.O_CLOEXEC);
        if (fd < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new NetworkOpenException(network, error switch
            {
                Errno.ENOENT or Errno.ENODEV => $"the host has no {Device}; load its module with: modprobe tun",
                Errno.EACCES or Errno.EPERM => $"we may not open {Device}; run as root, or use backend=passt, which needs no privileges",
                _ => new HostException($"opening {Device}", error).Message,
            });
        }

        OwnedDescriptor descriptor = new(fd);
        TapCalls.InterfaceRequest request = Request(name);
        request.Flags = flags;
        if (FileCalls.ioctl(fd, TapCalls.TUNSETIFF, &request) == 0)
        {
            return descriptor;
        }

        int refused = Marshal.GetLastPInvokeError();
        descriptor.Dispose();
        throw new NetworkOpenException(network, refused switch
        {
            Errno.EPERM => $"it isn't ours to use, or isn't there and making it takes root; as root: ip tuntap add dev {name} mode tap user {Environment.UserName} && ip link set {name} up",
            Errno.EBUSY => $"another program uses {name}; end that, or name another interface, which is made",
            Errno.EINVAL => $"{name} was made in another way (a tun, or with other queues); remove it with: ip link delete {name}",
            _ => new HostException($"attaching to {name}", refused).Message,
        });
    }

    /// <summary>Whether it is up; null where there is no interface of that name here.</summary>
    internal static bool? IsUp(int socket, string name)
    {
        TapCalls.InterfaceRequest request = Request(name);
        return FileCalls.ioctl(socket, TapCalls.SIOCGIFFLAGS, &request) == 0 ? (request.Flags & TapCalls.IFF_UP) != 0 : null;
    }

    /// <summary>Sets it up where it is down. False where the host forbids it.</summary>
    internal static bool TrySetUp(string name)
    {
        using OwnedDescriptor socket = new(SocketCalls.socket(SocketCalls.AF_INET, SocketCalls.SOCK_DGRAM | SocketCalls.SOCK_CLOEXEC, 0));
        TapCalls.InterfaceRequest request = Request(name);
        if (FileCalls.ioctl(socket.Number, TapCalls.SIOCGIFFLAGS, &request) != 0)
        {
            return false;
        }

        if ((request.Flags & TapCalls.IFF_UP) != 0)
        {
            return true;
        }

        request.Flags |= TapCalls.IFF_UP;
        return FileCalls.ioctl(socket.Number, TapCalls.SIOCSIFFLAGS, &request) == 0;
    }

    private static TapCalls.InterfaceRequest Request(string name)
    {
        TapCalls.InterfaceRequest request = default;
        _ = Encoding.ASCII.GetBytes(name, request.Name);
        return request;
    }
}
