using Viaduct.Backends.Block;

namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>Which parts of the disks belong to no namespace.</summary>
internal static class SpaceMap
{
    /// <summary>Namespaces begin and end at multiples of this many bytes.</summary>
    internal const ulong Alignment = 4096;

    /// <summary>Bytes of the disks, rounded to what namespaces can use.</summary>
    internal static ulong Total(IReadOnlyList<IBlockBackend> disks) =>
        disks.Aggregate(0UL, (sum, disk) => sum + (disk.Length / Alignment * Alignment));

    /// <summary>Bytes that belong to no namespace.</summary>
    internal static ulong Free(IReadOnlyList<IBlockBackend> disks, IEnumerable<SubsystemNamespace> namespaces)
    {
        ulong free = 0;
        foreach (IBlockBackend disk in disks)
        {
            foreach ((ulong start, ulong end) in Gaps(disk, namespaces))
            {
                free += end - start;
            }
        }

        return free;
    }

    /// <summary>Finds room for a namespace, in one piece.</summary>
    internal static bool TryPlace(IReadOnlyList<IBlockBackend> disks, IEnumerable<SubsystemNamespace> namespaces, ulong length, out IBlockBackend disk, out ulong offset)
    {
        foreach (IBlockBackend each in disks)
        {
            foreach ((ulong start, ulong end) in Gaps(each, namespaces))
            {
                if (!each.ReadOnly && end - start >= length)
                {
                    disk = each;
                    offset = start;
                    return true;
                }
            }
        }

        disk = disks[0];
        offset = 0;
        return false;
    }

    /// <summary>Whether two namespaces claim the same bytes.</summary>
    internal static bool Overlaps(IEnumerable<SubsystemNamespace> namespaces) =>
        namespaces.GroupBy(each => each.Disk).Any(group =>
        {
            SubsystemNamespace[] order = [.. group.OrderBy(each => each.Start)];
            return Enumerable.Range(1, order.Length - 1).Any(i => order[i - 1].FollowsDisk || order[i - 1].Start + order[i - 1].Length > order[i].Start);
        });

    private static IEnumerable<(ulong Start, ulong End)> Gaps(IBlockBackend disk, IEnumerable<SubsystemNamespace> namespaces)
    {
        ulong start = 0;
        foreach (SubsystemNamespace each in namespaces.Where(each => each.Disk == disk).OrderBy(each => each.Start))
        {
            if (each.Start > start)
            {
                yield return (start, each.Start);
            }

            if (each.FollowsDisk)
            {
                yield break;
            }

            start = (each.Start + each.Length + Alignment - 1) / Alignment * Alignment;
        }

        ulong end = disk.Length / Alignment * Alignment;
        if (end > start)
        {
            yield return (start, end);
        }
    }
}
