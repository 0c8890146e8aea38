using System.Globalization;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>One load on a disk.</summary>
/// <param name="Random">Random places, or one after the other.</param>
/// <param name="Write">Writes, or reads.</param>
/// <param name="BlockSize">Bytes of a request.</param>
/// <param name="Depth">Requests that are under way at a time.</param>
internal sealed record DiskLoad(bool Random, bool Write, int BlockSize, int Depth)
{
    /// <summary>What is measured: 4 KiB at random and 128 KiB in sequence, reads and writes, one and 32 at a time.</summary>
    internal static IReadOnlyList<DiskLoad> All { get; } =
    [
        .. from random in (bool[])[true, false]
           from write in (bool[])[false, true]
           from depth in (int[])[1, 32]
           select new DiskLoad(random, write, random ? 4096 : 128 << 10, depth),
    ];

    /// <summary>For people and for a result's name.</summary>
    internal string Title => string.Create(
        CultureInfo.InvariantCulture, $"{BlockSize >> 10} KiB {(Random ? "random" : "sequential")} {(Write ? "writes" : "reads")}, depth {Depth}");

    /// <summary>As fio names the pattern.</summary>
    internal string Pattern => (Random ? "rand" : "") + (Write ? "write" : "read");

    /// <summary>The unit of <see cref="Rate"/>.</summary>
    internal string Unit => Random ? "IOPS" : "MB/s";

    /// <summary>The figure: requests a second of small ones, megabytes a second of large ones.</summary>
    internal double Rate(LoadFigures figures) => figures.Bytes / figures.Seconds / (Random ? BlockSize : 1e6);
}
