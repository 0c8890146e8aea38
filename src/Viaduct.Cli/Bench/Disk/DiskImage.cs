using System.Security.Cryptography;
using System.Text;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>The bench's images: all of the same random contents, so that reads are real, but for the label.</summary>
internal static class DiskImage
{
    /// <summary>Length of a disk in bytes: small enough to stay in the host's page cache, which is what both monitors read from.</summary>
    internal const int Length = 256 << 20;

    private const int Piece = 1 << 20;

    /// <summary>Makes one, its disks side by side.</summary>
    /// <param name="path">Where.</param>
    /// <param name="length">Length of each disk in bytes, in whole MiB.</param>
    /// <param name="disks">The ids of its disks, for their labels.</param>
    internal static void Create(string path, int length, IReadOnlyList<string> disks)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
        byte[] piece = new byte[Piece];
        foreach (string disk in disks)
        {
            Array.Clear(piece);
            Encoding.ASCII.GetBytes($"{DiskScript.Label}{disk}\n").CopyTo(piece, 0);
            for (int written = 0; written < length; written += Piece)
            {
                file.Write(piece);
                RandomNumberGenerator.Fill(piece);
            }
        }

        // Written back now, and not while a load is measured.
        file.Flush(flushToDisk: true);
    }
}
