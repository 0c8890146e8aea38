using System.Collections;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Backends.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Network.Passt;

/// <summary>A running passt. It is given one end of a socket pair and ends when the other is closed, however that comes.</summary>
internal sealed unsafe class PasstProcess
{
    private const int ChildSocket = 3;
    private const int LineBytes = 4096;

    private readonly Lock _lock = new();
    private readonly OwnedDescriptor _errors;
    private readonly int _process;
    private bool _ended;

    private PasstProcess(int process, OwnedDescriptor errors, OwnedDescriptor socket)
    {
        _process = process;
        _errors = errors;
        Socket = socket;
    }

    /// <summary>Our end of the stream, for whoever sends and receives; to be disposed by them.</summary>
    internal OwnedDescriptor Socket { get; }

    /// <summary>Starts one.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Without its name and without <c>--fd</c>.</param>
    /// <exception cref="HostException">The host refused.</exception>
    internal static PasstProcess Start(string path, IReadOnlyList<string> arguments)
    {
        int* sockets = stackalloc int[2];
        if (SocketCalls.socketpair(SocketCalls.AF_UNIX, SocketCalls.SOCK_STREAM | SocketCalls.SOCK_CLOEXEC, 0, sockets) != 0)
        {
            throw HostException.Last("socketpair");
        }

        OwnedDescriptor ours = new(sockets[0]);
        using OwnedDescriptor theirs = new(sockets[1]);
        int* pipe = stackalloc int[2];
        if (SpawnCalls.pipe2(pipe, FileCalls.O_CLOEXEC) != 0)
        {
            HostException error = HostException.Last("pipe2");
            ours.Dispose();
            throw error;
        }

        OwnedDescriptor errors = new(pipe[0]);
        using OwnedDescriptor errorsOfChild = new(pipe[1]);
        int result = Spawn(path, [Path.GetFileName(path), .. arguments, "--fd", $"{ChildSocket}"], theirs.Number, errorsOfChild.Number, out int process);
        if (result != 0)
        {
            ours.Dispose();
            errors.Dispose();
            throw new HostException($"starting {path}", result);
        }

        return new PasstProcess(process, errors, ours);
    }

    /// <summary>Hands over what it says, line by line, and returns its wait status when it has ended.</summary>
    internal int Follow(Action<string> line)
    {
        byte* buffer = stackalloc byte[LineBytes];
        int count = 0;
        while (true)
        {
            nint read = FileCalls.read(_errors.Number, buffer + count, (nuint)(LineBytes - count));
            if (read < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
            {
                continue;
            }

            if (read <= 0)
            {
                break;
            }

            count = GiveLines(new Span<byte>(buffer, count + (int)read), line);
        }

        int status;
        while (SpawnCalls.waitpid(_process, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }

        lock (_lock)
        {
            _ended = true;
        }

        _errors.Dispose();
        return status;
    }

    /// <summary>Ends it, if it hasn't by itself. Any thread.</summary>
    internal void Kill()
    {
        lock (_lock)
        {
            if (!_ended)
            {
                _ = SpawnCalls.kill(_process, SpawnCalls.SIGKILL);
            }
        }
    }

    /// <summary>Gives whole lines away and moves the rest to the front. A line that fills the buffer is given as it is.</summary>
    private static int GiveLines(Span<byte> text, Action<string> line)
    {
        int start = 0;
        int end;
        while ((end = text[start..].IndexOf((byte)'\n')) >= 0)
        {
            line(Encoding.UTF8.GetString(text.Slice(start, end)).Trim());
            start += end + 1;
        }

        Span<byte> rest = text[start..];
        if (rest.Length == LineBytes)
        {
            line(Encoding.UTF8.GetString(rest));
            return 0;
        }

        rest.CopyTo(text);
        return rest.Length;
    }

    private static int Spawn(string path, string[] arguments, int socket, int errors, out int process)
    {
        byte* actions = stackalloc byte[SpawnCalls.StructureSize];
        byte* attributes = stackalloc byte[SpawnCalls.StructureSize];
        byte* signals = stackalloc byte[SpawnCalls.StructureSize];
        _ = SpawnCalls.posix_spawn_file_actions_init(actions);
        _ = SpawnCalls.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", FileCalls.O_RDONLY, 0);

        // The pipe first: the socket's own number may be the place of one of the others.
        _ = SpawnCalls.posix_spawn_file_actions_adddup2(actions, errors, 1);
        _ = SpawnCalls.posix_spawn_file_actions_adddup2(actions, errors, 2);
        _ = SpawnCalls.posix_spawn_file_actions_adddup2(actions, socket, ChildSocket);
        _ = SpawnCalls.posix_spawnattr_init(attributes);
        _ = SpawnCalls.sigemptyset(signals);
        _ = SpawnCalls.sigaddset(signals, SpawnCalls.SIGPIPE);
        _ = SpawnCalls.posix_spawnattr_setsigdefault(attributes, signals);
        _ = SpawnCalls.posix_spawnattr_setflags(attributes, SpawnCalls.POSIX_SPAWN_SETSIGDEF);
        byte** argv = Strings(arguments);
        byte** environment = Strings([.. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(each => $"{each.Key}={each.Value}")]);
        int child;
        int result = SpawnCalls.posix_spawn(&child, path, actions, attributes, argv, environment);
        process = child;
        Free(argv);
        Free(environment);
        _ = SpawnCalls.posix_spawnattr_destroy(attributes);
        _ = SpawnCalls.posix_spawn_file_actions_destroy(actions);
        return result;
    }

    private static byte** Strings(string[] values)
    {
        byte** list = (byte**)NativeMemory.AllocZeroed((nuint)values.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < values.Length; i++)
        {
            list[i] = (byte*)Marshal.StringToCoTaskMemUTF8(values[i]);
        }

        return list;
    }

    private static void Free(byte** list)
    {
        for (byte** each = list; *each is not null; each++)
        {
            Marshal.FreeCoTaskMem((nint)(*each));
        }

        NativeMemory.Free(list);
    }
}
