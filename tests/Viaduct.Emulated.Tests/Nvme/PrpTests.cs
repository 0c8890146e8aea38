using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class PrpTests
{
    private const int Page = 4096;

    [Theory]
    [InlineData(2048, 0)]
    [InlineData(2048, 4096 - 8)]
    [InlineData(2048, 4096 - 16)]
    [InlineData(1024, 4096 - (8 * 100))]
    [InlineData(24, 4096 - 16)]
    [InlineData(24, 4096 - 24)]
    public void List_ThatBeginsInAPage_GoesOnInTheNext(int blocks, int listOffset)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        byte[] expected = new byte[blocks * 512];
        new Random(blocks).NextBytes(expected);
        (ulong prp1, ulong prp2) = Scatter(host, expected, 0, (ulong)listOffset);
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = prp1, Data2 = prp2 }.WithBlocks(0, (uint)blocks)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(0, expected.Length).ToArray());
    }

    [Fact]
    public void PagesOf64KiB_AreWalkedAsSuch()
    {
        using NvmeHost host = new();
        host.Enable(pageShift: 16);
        ulong submission = host.Allocate(64 * 64, 65536);
        ulong completion = host.Allocate(64 * 16, 65536);
        host.Success(host.CreateCompletion(1, completion, 64));
        host.Success(host.CreateSubmission(1, submission, 64, 1));
        HostRing io = new() { Id = 1, Submission = submission, Completion = completion, Entries = 64, CompletionEntries = 64 };
        ulong second = host.Allocate(65536, 65536);
        ulong first = host.Allocate(65536, 65536);
        byte[] expected = new byte[65536];
        new Random(1).NextBytes(expected);
        host.Put(first + 32768, expected.AsSpan(0, 32768));
        host.Put(second, expected.AsSpan(32768));
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = first + 32768, Data2 = second }.WithBlocks(0, 128)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(0, 65536).ToArray());
    }

    [Fact]
    public void FirstEntry_NotAtADword_IsInvalid()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Read) { Data1 = host.Allocate(Page) + 2 }.WithBlocks(0, 1));
    }

    [Fact]
    public void SecondEntry_NotAtAPage_IsInvalid()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(2 * Page);
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Read) { Data1 = buffer, Data2 = buffer + Page + 8 }.WithBlocks(0, 16));
    }

    [Fact]
    public void List_WithAnOffsetInAnEntry_OrNotAtAQword_IsInvalid()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4 * Page);
        ulong list = host.Allocate(Page);
        host.Put(list, buffer + Page);
        host.Put(list + 8, buffer + (2 * Page) + 4);
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Read) { Data1 = buffer, Data2 = list }.WithBlocks(0, 24));
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Read) { Data1 = buffer, Data2 = list + 4 }.WithBlocks(0, 24));
    }

    [Fact]
    public void List_ThatGoesOnInsideAPage_IsInvalid()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4 * Page);
        ulong list = host.Allocate(Page);
        host.Put(list + Page - 8, host.Allocate(Page) + 8);
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Read) { Data1 = buffer, Data2 = list + Page - 8 }.WithBlocks(0, 24));
    }

    [Theory]
    [InlineData(NvmeHost.RamLength, 0UL, 1u)]
    [InlineData(NvmeHost.RamLength - 256, NvmeHost.RamLength, 1u)]
    [InlineData(0xFFFF_FFFF_FFFF_F000UL, 0UL, 8u)]
    [InlineData(4096UL, NvmeHost.RamLength, 16u)]
    [InlineData(4096UL, NvmeHost.RamLength, 64u)]
    public void AddressOutsideMemory_IsADataTransferError(ulong prp1, ulong prp2, uint blocks)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.DataTransferError, io, new Command(IoOpcode.Read) { Data1 = prp1, Data2 = prp2 }.WithBlocks(0, blocks));
        Assert.Equal(1u, host.Status);
    }

    /// <summary>Puts bytes into pages that are not neighbours, and makes the entries for them.</summary>
    internal static (ulong First, ulong Second) Scatter(NvmeHost host, ReadOnlySpan<byte> bytes, ulong pageOffset, ulong listOffset)
    {
        List<ulong> pages = [];
        ulong first = host.Allocate(Page) + pageOffset;
        int part = Math.Min(bytes.Length, Page - (int)pageOffset);
        host.Put(first, bytes[..part]);
        for (bytes = bytes[part..]; !bytes.IsEmpty; bytes = bytes[part..])
        {
            host.Allocate(Page);
            ulong page = host.Allocate(Page);
            part = Math.Min(bytes.Length, Page);
            host.Put(page, bytes[..part]);
            pages.Add(page);
        }

        return (first, MakeList(host, pages, listOffset));
    }

    internal static (ulong First, ulong Second) Contiguous(NvmeHost host, ulong address, int length)
    {
        List<ulong> pages = [];
        for (ulong page = (address & ~0xFFFUL) + Page; page < address + (ulong)length; page += Page)
        {
            pages.Add(page);
        }

        return (address, MakeList(host, pages, 0));
    }

    private static ulong MakeList(NvmeHost host, List<ulong> pages, ulong listOffset)
    {
        if (pages.Count < 2)
        {
            return pages.Count == 0 ? 0xDEAD_BEEF_DEAD_BEEF : pages[0];
        }

        ulong start = host.Allocate(Page) + listOffset;
        ulong at = start;
        for (int i = 0; i < pages.Count; i++)
        {
            if (at % Page == Page - 8 && i != pages.Count - 1)
            {
                ulong next = host.Allocate(Page);
                host.Put(at, next);
                at = next;
            }

            host.Put(at, pages[i]);
            at += 8;
        }

        return start;
    }
}
