using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Registry.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Registry;

/// <summary>A device's file: its lock says whether somebody has the device, its record who. That of a host's function is never deleted, so that all lock the same one.</summary>
internal sealed unsafe class RegistryFile : IDisposable
{
    private const int LongestRecord = 64 * 1024;
    private const uint OwnerOnly = 0x180;
    private const byte RecordEnd = (byte)'\n';

    private readonly string _path;
    private readonly SafeFileHandle _file;

    private RegistryFile(string path, SafeFileHandle file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Opens a device's file, which is made where there is none.</summary>
    /// <exception cref="HostException">It can't be.</exception>
    internal static RegistryFile OpenOrCreate(string path)
    {
        SafeFileHandle file = Open(path, RegistryCalls.O_RDWR | RegistryCalls.O_CREAT);
        return file.IsInvalid ? throw HostException.Last($"open {path}") : new RegistryFile(path, file);
    }

    /// <summary>Opens a file that may be another user's; null where it is none that this process may read.</summary>
    internal static RegistryFile? TryOpen(string path)
    {
        SafeFileHandle file = Open(path, RegistryCalls.O_RDONLY);
        if (!file.IsInvalid && IsRegular(file))
        {
            return new RegistryFile(path, file);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Locks it until this is disposed or the process ends. False where somebody else has it locked.</summary>
    /// <exception cref="HostException">The file system has no locks.</exception>
    internal bool TryLock()
    {
        RegistryCalls.FileLock exclusive = new() { Type = RegistryCalls.F_WRLCK };
        return RegistryCalls.fcntl(_file, RegistryCalls.F_OFD_SETLK, &exclusive) == 0
            || (Marshal.GetLastPInvokeError() is RegistryCalls.EAGAIN or RegistryCalls.EACCES ? false : throw HostException.Last($"lock {_path}"));
    }

    /// <summary>Whether somebody else has it locked. That is not disturbed by the question.</summary>
    internal bool IsLocked()
    {
        RegistryCalls.FileLock exclusive = new() { Type = RegistryCalls.F_WRLCK };
        return RegistryCalls.fcntl(_file, RegistryCalls.F_OFD_GETLK, &exclusive) == 0 && exclusive.Type != RegistryCalls.F_UNLCK;
    }

    /// <summary>What it holds; null where that is no record.</summary>
    internal RegistryRecord? Read()
    {
        try
        {
            byte[] bytes = new byte[Math.Min(RandomAccess.GetLength(_file), LongestRecord)];
            Span<byte> text = bytes.AsSpan(0, RandomAccess.Read(_file, bytes, 0));
            int end = text.IndexOf(RecordEnd);
            return end < 0 ? null : JsonSerializer.Deserialize(text[..end], RegistryJson.Default.RegistryRecord);
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Puts a record in the place of what it holds; who reads it meanwhile, or after an end in the middle of it, finds one of both.</summary>
    /// <exception cref="HostException">The file system doesn't take it.</exception>
    internal void Write(RegistryRecord record)
    {
        try
        {
            byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(record, RegistryJson.Default.RegistryRecord), RecordEnd];
            RandomAccess.Write(_file, bytes, 0);
            RandomAccess.SetLength(_file, bytes.Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"write {_path}", error.HResult);
        }
    }

    /// <summary>Deletes it. Who has opened it before may lock what nobody else will find.</summary>
    internal void Delete()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It stays, as a file of nobody's.
        }
    }

    public void Dispose() => _file.Dispose();

    // Neither a link that leads elsewhere nor a pipe that is waited for, whoever put it there.
    private static SafeFileHandle Open(string path, int flags)
    {
        const int Careful = RegistryCalls.O_CLOEXEC | RegistryCalls.O_NOFOLLOW | RegistryCalls.O_NONBLOCK;
        return new SafeFileHandle(RegistryCalls.open(path, flags | Careful, OwnerOnly), ownsHandle: true);
    }

    private static bool IsRegular(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file) >= 0;
        }
        catch (Exception error) when (error is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
