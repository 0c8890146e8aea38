using System.Buffers.Binary;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine.Boot;

/// <summary>Linux's 64-bit boot protocol (Documentation/arch/x86/boot.rst, zero-page.rst): boot_params in RSI, identity page tables, flat segments.</summary>
internal static class LinuxProtocol
{
    private const ulong GdtAddress = 0x500;
    private const ulong PageTableAddress = 0x9000;
    private const ulong BootParamsAddress = 0x1_0000;
    private const ulong StackAddress = 0x8_0000;
    private const int BootParamsLength = 4096;
    private const int EntryOffset64 = 0x200;
    private const int MaxMemoryRanges = 128;
    private const int MapCount = 0x1E8;
    private const int MapTable = 0x2D0;
    private const int MapEntryLength = 20;
    private const byte LoaderUndefined = 0xFF;
    private const byte LoadedHigh = 1;

    internal static CpuBootState Load(BootRequest request, LinuxImage image, int commandLineLength, BootMemory memory)
    {
        if (commandLineLength > image.CommandLineSize)
        {
            throw new KernelImageException(request.KernelPath, $"takes a command line of {image.CommandLineSize} bytes at most, not {commandLineLength}");
        }

        ulong entry;
        ulong end;
        if (image.TryUnpack(new KernelCache(request.CacheFolder)) is { } kernel)
        {
            kernel.LoadInto(memory);
            (entry, end) = (kernel.Entry, kernel.End);
        }
        else
        {
            memory.Write(request.KernelPath, "the kernel", image.PreferredAddress, image.ProtectedMode);
            (entry, end) = (image.PreferredAddress + EntryOffset64, image.PreferredAddress + image.InitSize);
        }

        (ulong initrd, ulong initrdLength) = KernelLoader.LoadInitrd(request, memory, (ulong)image.HighestInitrd + 1, end);
        memory.Write(request.KernelPath, "boot_params", BootParamsAddress, BootParams(request, image, initrd, initrdLength));
        WritePageTables(request.KernelPath, memory);
        WriteGdt(request.KernelPath, memory);
        return new CpuBootState
        {
            Mode = CpuMode.Long64,
            Rip = entry,
            Rsi = BootParamsAddress,
            Rsp = StackAddress,
            PageTable = PageTableAddress,
            GdtBase = GdtAddress,
            GdtLimit = (4 * 8) - 1,
        };
    }

    private static byte[] BootParams(BootRequest request, LinuxImage image, ulong initrd, ulong initrdLength)
    {
        byte[] page = new byte[BootParamsLength];
        image.Header.CopyTo(page.AsSpan(LinuxImage.HeaderOffset));
        page[0x210] = LoaderUndefined;
        page[0x211] |= LoadedHigh;
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x070), request.Rsdp);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x218), (uint)initrd);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x21C), (uint)initrdLength);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(0x228), (uint)KernelLoader.CommandLineAddress);
        int count = Math.Min(request.MemoryMap.Count, MaxMemoryRanges);
        page[MapCount] = (byte)count;
        for (int i = 0; i < count; i++)
        {
            Span<byte> entry = page.AsSpan(MapTable + (i * MapEntryLength), MapEntryLength);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, request.MemoryMap[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], request.MemoryMap[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], (uint)request.MemoryMap[i].Kind);
        }

        return page;
    }

    // The first 4 GiB one to one: a top-level table, a table of directories, and four of 2 MiB pages.
    private static void WritePageTables(string path, BootMemory memory)
    {
        const ulong Table = 0x3;
        const ulong LargePage = 0x83;
        byte[] tables = new byte[6 * 4096];
        Span<byte> span = tables;
        BinaryPrimitives.WriteUInt64LittleEndian(span, (PageTableAddress + 0x1000) | Table);
        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(span[(0x1000 + (i * 8))..], (PageTableAddress + 0x2000 + ((ulong)i * 0x1000)) | Table);
        }

        for (int i = 0; i < 4 * 512; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(span[(0x2000 + (i * 8))..], ((ulong)i << 21) | LargePage);
        }

        memory.Write(path, "page tables", PageTableAddress, tables);
    }

    // __BOOT_CS is selector 10H, __BOOT_DS 18H.
    private static void WriteGdt(string path, BootMemory memory)
    {
        byte[] table = new byte[4 * 8];
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(0x10), 0x00AF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(0x18), 0x00CF_9300_0000_FFFF);
        memory.Write(path, "descriptors", GdtAddress, table);
    }
}
