using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Interop;

namespace Viaduct.Sriov;

/// <summary>The folder of a served controller's sockets, which one process has at a time; the kernel frees it when that ends, however it ends.</summary>
public sealed class ServedFolder : IDisposable
{
    private const int LongestSocket = 107;

    private readonly SafeFileHandle _lock;

    private ServedFolder(string path, SafeFileHandle file)
    {
        Path = path;
        _lock = file;
    }

    /// <summary>Where it is, from the root on.</summary>
    public string Path { get; }

    /// <summary>The socket at which a controller is asked and told things.</summary>
    public string Control => ControlOf(Path);

    /// <summary>The socket of the physical function.</summary>
    public string Physical => System.IO.Path.Combine(Path, "pf.sock");

    /// <summary>The control socket in a folder.</summary>
    public static string ControlOf(string folder) => System.IO.Path.Combine(folder, "control.sock");

    /// <summary>The socket of a virtual function.</summary>
    /// <param name="number">From 1, as its controller's identifier.</param>
    public string Virtual(int number) => System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"vf{number}.sock"));

    /// <summary>Takes a folder, which is made where there is none; sockets that an ended process left there are removed.</summary>
    /// <exception cref="ServedFolderException">Another process has it, or its path is too long for sockets.</exception>
    /// <exception cref="HostException">It can't be opened.</exception>
    public static ServedFolder Take(string path)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (Encoding.UTF8.GetByteCount(ControlOf(path)) > LongestSocket)
        {
            throw new ServedFolderException($"{path}: the path is too long for sockets in it, whose paths have at most {LongestSocket} bytes");
        }

        Directory.CreateDirectory(path);
        SafeFileHandle file = new(FolderCalls.open(path, FolderCalls.O_DIRECTORY_CLOEXEC), ownsHandle: true);
        if (file.IsInvalid)
        {
            throw HostException.Last($"open {path}");
        }

        if (FolderCalls.flock(file, FolderCalls.LOCK_EX_NB) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            file.Dispose();
            throw error == FolderCalls.EWOULDBLOCK
                ? new ServedFolderException($"{path} has a served controller already, by {ControlClient.NameServer(path)}: end that, or take another folder")
                : new HostException($"lock {path}", error);
        }

        ServedFolder folder = new(path, file);
        folder.Sweep();
        return folder;
    }

    /// <summary>Lets another process have it. The folder stays, for who waits there for a function that comes back.</summary>
    public void Dispose()
    {
        Sweep();
        _lock.Dispose();
    }

    // Whoever made the sockets here had the folder, and hasn't any more.
    private void Sweep()
    {
        foreach (string file in Directory.EnumerateFileSystemEntries(Path, "*.sock"))
        {
            if (IsOurs(System.IO.Path.GetFileNameWithoutExtension(file)) && IsSocket(file))
            {
                File.Delete(file);
            }
        }
    }

    private static bool IsOurs(string name) =>
        name is "control" or "pf" || (name.StartsWith("vf", StringComparison.Ordinal) && name.Length > 2 && name.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0);

    private static bool IsSocket(string path)
    {
        using SafeFileHandle file = new(FolderCalls.open(path, FolderCalls.O_NONBLOCK_CLOEXEC), ownsHandle: true);
        return file.IsInvalid && Marshal.GetLastPInvokeError() == FolderCalls.ENXIO;
    }
}
