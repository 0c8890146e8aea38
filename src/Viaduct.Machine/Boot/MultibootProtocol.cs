using System.Buffers.Binary;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine.Boot;

/// <summary>Multiboot 1 (Multiboot Specification 0.6.96): a 32-bit ELF file with a header in its first 8 KiB, begun in 32-bit protected mode, the information structure in EBX.</summary>
internal static class MultibootProtocol
{
    private const uint HeaderMagic = 0x1BAD_B002;
    private const uint LoaderMagic = 0x2BAD_B002;
    private const int HeaderArea = 8192;

    // Header flags that must be understood: page-aligned modules, memory information.
    private const uint Understood = (1 << 0) | (1 << 1);
    private const uint Required = 0xFFFF;

    private const ulong GdtAddress = 0x500;
    private const ulong InfoAddress = 0x1_0000;
    private const int InfoLength = 116;
    private const int ModuleLength = 16;
    private const int MapEntryLength = 24;

    // Information flags: memory, command line, modules, memory map.
    private const uint Present = (1 << 0) | (1 << 2) | (1 << 6);
    private const uint PresentModules = 1 << 3;

    /// <summary>Whether a file has a header.</summary>
    internal static bool IsMultiboot(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> area = file[..Math.Min(file.Length, HeaderArea)];
        for (int at = 0; at + 12 <= area.Length; at += 4)
        {
            uint flags = BinaryPrimitives.ReadUInt32LittleEndian(area[(at + 4)..]);
            if (BinaryPrimitives.ReadUInt32LittleEndian(area[at..]) == HeaderMagic
                && HeaderMagic + flags + BinaryPrimitives.ReadUInt32LittleEndian(area[(at + 8)..]) == 0
                && (flags & Required & ~Understood) == 0)
            {
                return true;
            }
        }

        return false;
    }

    internal static CpuBootState Load(BootRequest request, ElfImage kernel, BootMemory memory)
    {
        kernel.LoadInto(memory);
        (ulong initrd, ulong initrdLength) = KernelLoader.LoadInitrd(request, memory, memory.LowRamEnd, kernel.End);
        memory.Write(request.KernelPath, "the information structure", InfoAddress, Information(request, memory, initrd, initrdLength));
        byte[] descriptors = new byte[4 * 8];
        BinaryPrimitives.WriteUInt64LittleEndian(descriptors.AsSpan(0x10), 0x00CF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptors.AsSpan(0x18), 0x00CF_9300_0000_FFFF);
        memory.Write(request.KernelPath, "descriptors", GdtAddress, descriptors);
        return new CpuBootState
        {
            Mode = CpuMode.Protected32,
            Rip = kernel.Entry,
            Rax = LoaderMagic,
            Rbx = InfoAddress,
            GdtBase = GdtAddress,
            GdtLimit = (4 * 8) - 1,
        };
    }

    private static byte[] Information(BootRequest request, BootMemory memory, ulong initrd, ulong initrdLength)
    {
        int modules = initrdLength == 0 ? 0 : 1;
        int mapOffset = InfoLength + (modules * ModuleLength);
        byte[] info = new byte[mapOffset + (request.MemoryMap.Count * MapEntryLength)];
        Span<byte> span = info;
        BinaryPrimitives.WriteUInt32LittleEndian(span, Present | (modules != 0 ? PresentModules : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], (uint)(MemoryLayout.ConventionalEnd >> 10));
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], (uint)((memory.LowRamEnd - MemoryLayout.FirmwareEnd) >> 10));
        BinaryPrimitives.WriteUInt32LittleEndian(span[16..], (uint)KernelLoader.CommandLineAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(span[20..], (uint)modules);
        BinaryPrimitives.WriteUInt32LittleEndian(span[24..], (uint)InfoAddress + InfoLength);
        BinaryPrimitives.WriteUInt32LittleEndian(span[44..], (uint)(request.MemoryMap.Count * MapEntryLength));
        BinaryPrimitives.WriteUInt32LittleEndian(span[48..], (uint)InfoAddress + (uint)mapOffset);
        if (modules != 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(span[InfoLength..], (uint)initrd);
            BinaryPrimitives.WriteUInt32LittleEndian(span[(InfoLength + 4)..], (uint)(initrd + initrdLength));
        }

        // An entry's size doesn't count the field that holds it; the kinds are those of the BIOS's map.
        for (int i = 0; i < request.MemoryMap.Count; i++)
        {
            Span<byte> entry = span[(mapOffset + (i * MapEntryLength))..];
            BinaryPrimitives.WriteUInt32LittleEndian(entry, MapEntryLength - 4);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[4..], request.MemoryMap[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[12..], request.MemoryMap[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], (uint)request.MemoryMap[i].Kind);
        }

        return info;
    }
}
