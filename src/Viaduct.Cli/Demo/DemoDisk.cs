using System.Security.Cryptography;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Demo;

/// <summary>A disk of the demonstration: an image whose first half is filled, and whose second half the guest writes.</summary>
/// <param name="Road">How the guest reaches it.</param>
/// <param name="Path">Its image.</param>
/// <param name="Name">Its name in the guest's /dev.</param>
internal sealed record DemoDisk(Road Road, string Path, string Name)
{
    /// <summary>Its id in the machine.</summary>
    internal string Id => Road.ToString().ToLowerInvariant();

    /// <summary>Makes an image of twice the contents' length.</summary>
    internal static DemoDisk Create(Road road, string path, string name, ReadOnlySpan<byte> contents)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        file.Write(contents);
        file.SetLength(2L * contents.Length);
        return new DemoDisk(road, path, name);
    }

    /// <summary>The checksum of a part of the image as it stands on the host.</summary>
    internal string Sum(long offset, long length)
    {
        using FileStream file = File.OpenRead(Path);
        file.Position = offset;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        byte[] buffer = new byte[1 << 20];
        while (length > 0)
        {
            int count = file.Read(buffer, 0, (int)Math.Min(length, buffer.Length));
            if (count == 0)
            {
                break;
            }

            hash.AppendData(buffer, 0, count);
            length -= count;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
