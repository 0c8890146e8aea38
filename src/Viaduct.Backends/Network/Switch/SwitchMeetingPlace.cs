using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Switch;

/// <summary>
/// Where the processes that share a switch find each other: a socket of its name, and two locks. Who holds <c>host</c>
/// runs the switch; <c>join</c> is held while looking for who that is, so that two can't become it. The kernel gives
/// the locks back when a process dies, and the next one to come takes over.
/// </summary>
internal sealed unsafe partial class SwitchMeetingPlace
{
    private const int OwnerOnly = 0x180;
    private const int Backlog = 64;

    private readonly string _name;
    private readonly string _base;
    private readonly IEventLog _log;
    private readonly TimeProvider _time;

    private SwitchMeetingPlace(string name, string path, IEventLog log, TimeProvider time)
    {
        _name = name;
        _base = path;
        _log = log;
        _time = time;
    }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="NetworkOpenException">The name is none, or the folder isn't ours.</exception>
    internal static SwitchMeetingPlace Open(SwitchOptions options)
    {
        string network = $"switch:{options.Switch}";
        if (!Name().IsMatch(options.Switch))
        {
            throw new NetworkOpenException(network, "a switch's name has 1 to 32 letters, digits, '-', '_' or '.', and begins with a letter or digit");
        }

        string folder = options.Folder ?? DefaultFolder();
        try
        {
            MakeFolder(folder);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new NetworkOpenException(network, $"no folder to meet in: {problem.Message}; set XDG_RUNTIME_DIR to one of yours");
        }

        string path = Path.Combine(folder, options.Switch);
        return SocketCalls.UnixAddress.TryMake(path + ".socket", out _)
            ? new SwitchMeetingPlace(options.Switch, path, options.Log, options.Time)
            : throw new NetworkOpenException(network, $"'{path}.socket' is too long for a socket; set XDG_RUNTIME_DIR to a shorter folder");
    }

    /// <summary>Connects a port, and runs the switch from now on where nobody does. May wait for a process that is just ending.</summary>
    /// <param name="host">The switch, if it is ours to run now; to be disposed.</param>
    /// <exception cref="HostException">The host refused.</exception>
    internal OwnedDescriptor Join(out SwitchHost? host)
    {
        host = null;
        using OwnedDescriptor joining = OpenLock("join");
        Lock(joining);
        if (TryConnect(out OwnedDescriptor? port))
        {
            return port;
        }

        OwnedDescriptor hosting = OpenLock("host");
        Lock(hosting);
        host = new SwitchHost($"switch:{_name}", Listen(), _log, _time, () => Leave(hosting));
        return TryConnect(out port) ? port : throw new HostException($"connecting to {_base}.socket", Errno.ECONNREFUSED);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,31}\z")]
    private static partial Regex Name();

    private static string DefaultFolder()
    {
        string? runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return string.IsNullOrEmpty(runtime)
            ? Path.Combine(Path.GetTempPath(), $"viaduct-{Environment.UserName}", "switches")
            : Path.Combine(runtime, "viaduct", "switches");
    }

    /// <summary>Nobody else's to look into, where it is made here.</summary>
    private static void MakeFolder(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static OwnedDescriptor NewSocket()
    {
        int fd = SocketCalls.socket(SocketCalls.AF_UNIX, SocketCalls.SOCK_SEQPACKET | SocketCalls.SOCK_CLOEXEC, 0);
        return fd < 0 ? throw HostException.Last("socket") : new OwnedDescriptor(fd);
    }

    private static void Lock(OwnedDescriptor file)
    {
        while (FileCalls.flock(file.Number, FileCalls.LOCK_EX) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                throw HostException.Last("flock for a switch");
            }
        }
    }

    private OwnedDescriptor OpenLock(string kind)
    {
        string path = $"{_base}.{kind}";
        int fd = FileCalls.open(path, FileCalls.O_RDWR | FileCalls.O_CREAT | FileCalls.O_CLOEXEC, OwnerOnly);
        return fd < 0 ? throw HostException.Last($"opening {path}") : new OwnedDescriptor(fd);
    }

    private bool TryConnect([NotNullWhen(true)] out OwnedDescriptor? port)
    {
        _ = SocketCalls.UnixAddress.TryMake(_base + ".socket", out SocketCalls.UnixAddress address);
        port = NewSocket();
        if (SocketCalls.connect(port.Number, &address, (uint)sizeof(SocketCalls.UnixAddress)) == 0)
        {
            return true;
        }

        port.Dispose();
        port = null;
        return false;
    }

    private OwnedDescriptor Listen()
    {
        File.Delete(_base + ".socket");
        _ = SocketCalls.UnixAddress.TryMake(_base + ".socket", out SocketCalls.UnixAddress address);
        OwnedDescriptor listener = NewSocket();
        if (SocketCalls.bind(listener.Number, &address, (uint)sizeof(SocketCalls.UnixAddress)) != 0
            || SocketCalls.listen(listener.Number, Backlog) != 0)
        {
            HostException problem = HostException.Last($"listening at {_base}.socket");
            listener.Dispose();
            throw problem;
        }

        return listener;
    }

    private void Leave(OwnedDescriptor hosting)
    {
        File.Delete(_base + ".socket");
        hosting.Dispose();
    }
}
