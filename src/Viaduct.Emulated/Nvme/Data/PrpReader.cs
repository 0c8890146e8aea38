using System.Runtime.InteropServices;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Data;

/// <summary>Physical Region Pages (NVMe 1.4, 4.3): two entries, or one and a list that may go on from page to page.</summary>
internal sealed class PrpReader(DmaTarget dma, TransferMap map)
{
    private const int EntryBytes = 8;

    // A transfer of n pages needs at most n + 1 entries; a piece of list is read in one go.
    private readonly ulong[] _entries = new ulong[(NvmeLimits.TransferBytes >> NvmeLimits.SmallestPageShift) + 1];

    internal NvmeStatus Read(ulong first, ulong second, int length, int pageShift)
    {
        ulong page = 1UL << pageShift;
        ulong offset = first & (page - 1);
        if ((first & 3) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        ulong part = Math.Min(page - offset, (ulong)length);
        NvmeStatus status = map.Add(first, part);
        ulong rest = (ulong)length - part;
        if (status != NvmeStatus.Success || rest == 0)
        {
            return status;
        }

        return rest <= page ? AddPage(second, rest, page) : ReadList(second, rest, page);
    }

    private NvmeStatus ReadList(ulong list, ulong rest, ulong page)
    {
        // The first list may begin inside a page, at any entry; those it continues in begin with a page.
        ulong alignment = EntryBytes;
        while (rest != 0)
        {
            if ((list & (alignment - 1)) != 0)
            {
                return NvmeStatus.InvalidPrpOffset;
            }

            ulong needed = (rest + page - 1) / page;
            ulong room = (page - (list & (page - 1))) / EntryBytes;
            int count = (int)Math.Min(needed, room);
            Span<ulong> entries = _entries.AsSpan(0, count);
            if (!dma.TryRead(list, MemoryMarshal.AsBytes(entries)))
            {
                return NvmeStatus.DataTransferError;
            }

            bool continues = needed > room;
            NvmeStatus status = AddPages(continues ? entries[..^1] : entries, ref rest, page);
            if (status != NvmeStatus.Success)
            {
                return status;
            }

            list = entries[^1];
            alignment = page;
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus AddPages(ReadOnlySpan<ulong> entries, ref ulong rest, ulong page)
    {
        foreach (ulong entry in entries)
        {
            ulong part = Math.Min(rest, page);
            NvmeStatus status = AddPage(entry, part, page);
            if (status != NvmeStatus.Success)
            {
                return status;
            }

            rest -= part;
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus AddPage(ulong entry, ulong part, ulong page) =>
        (entry & (page - 1)) != 0 ? NvmeStatus.InvalidPrpOffset : map.Add(entry, part);
}
