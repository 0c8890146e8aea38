using System.Security.Cryptography;

namespace Viaduct.Machine.Boot;

/// <summary>
/// Keeps unpacked kernels for the next start, by the hash of what they were unpacked from: XZ takes a second or two. A
/// cache that can't be read or written is no error, only no cache.
/// </summary>
internal sealed class KernelCache
{
    /// <summary>Kernels kept; those used longest ago go first.</summary>
    internal const int Capacity = 8;

    private readonly string? _folder;

    /// <param name="folder">Where they are kept; null for no cache.</param>
    internal KernelCache(string? folder) => _folder = folder;

    /// <summary>The kernel that a payload unpacks to, from the cache or by unpacking it; null when its format isn't known.</summary>
    /// <exception cref="InvalidDataException">The format is known and the data is broken.</exception>
    internal byte[]? TryUnpack(ReadOnlySpan<byte> payload)
    {
        if (_folder is null || !KernelPayload.IsSlow(payload))
        {
            return KernelPayload.TryUnpack(payload);
        }

        string path = Path.Combine(_folder, Convert.ToHexStringLower(SHA256.HashData(payload)));
        if (TryRead(path, KernelPayload.UnpackedLength(payload)) is { } kept)
        {
            return kept;
        }

        byte[]? unpacked = KernelPayload.TryUnpack(payload);
        if (unpacked is not null)
        {
            Keep(path, unpacked);
        }

        return unpacked;
    }

    private static byte[]? TryRead(string path, int length)
    {
        try
        {
            byte[] kept = File.ReadAllBytes(path);
            if (kept.Length != length)
            {
                return null;
            }

            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return kept;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Keep(string path, byte[] unpacked)
    {
        string work = $"{path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(_folder!);
            File.WriteAllBytes(work, unpacked);
            File.Move(work, path, overwrite: true);
            foreach (FileInfo old in new DirectoryInfo(_folder!).GetFiles().OrderByDescending(file => file.LastWriteTimeUtc).Skip(Capacity))
            {
                old.Delete();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(work);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that vanished or that may not be written: there is nothing to clean up in it.
        }
    }
}
