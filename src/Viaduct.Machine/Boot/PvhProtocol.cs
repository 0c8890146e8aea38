using System.Buffers.Binary;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine.Boot;

/// <summary>PVH direct boot (Xen, docs/misc/pvh.pandoc; xen/include/public/arch-x86/hvm/start_info.h): 32-bit protected mode, hvm_start_info in EBX.</summary>
internal static class PvhProtocol
{
    private const ulong GdtAddress = 0x500;
    private const ulong StartInfoAddress = 0x1_0000;
    private const int StartInfoLength = 56;
    private const int ModuleLength = 32;
    private const int MapEntryLength = 24;
    private const uint Magic = 0x336E_C578;

    internal static CpuBootState Load(BootRequest request, ElfImage kernel, BootMemory memory)
    {
        if (kernel.PvhEntry is not { } entry)
        {
            throw new KernelImageException(request.KernelPath, "has no PVH entry (Xen note 18): build it with CONFIG_PVH, or give a bzImage");
        }

        kernel.LoadInto(memory);
        (ulong initrd, ulong initrdLength) = KernelLoader.LoadInitrd(request, memory, memory.LowRamEnd, kernel.End);
        memory.Write(request.KernelPath, "hvm_start_info", StartInfoAddress, StartInfo(request, initrd, initrdLength));
        byte[] descriptors = new byte[4 * 8];
        BinaryPrimitives.WriteUInt64LittleEndian(descriptors.AsSpan(0x10), 0x00CF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptors.AsSpan(0x18), 0x00CF_9300_0000_FFFF);
        memory.Write(request.KernelPath, "descriptors", GdtAddress, descriptors);
        return new CpuBootState
        {
            Mode = CpuMode.Protected32,
            Rip = entry,
            Rbx = StartInfoAddress,
            GdtBase = GdtAddress,
            GdtLimit = (4 * 8) - 1,
        };
    }

    private static byte[] StartInfo(BootRequest request, ulong initrd, ulong initrdLength)
    {
        int modules = initrdLength == 0 ? 0 : 1;
        int mapOffset = StartInfoLength + (modules * ModuleLength);
        byte[] info = new byte[mapOffset + (request.MemoryMap.Count * MapEntryLength)];
        Span<byte> span = info;
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(span[12..], (uint)modules);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], modules == 0 ? 0 : StartInfoAddress + StartInfoLength);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], KernelLoader.CommandLineAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(span[32..], request.Rsdp);
        BinaryPrimitives.WriteUInt64LittleEndian(span[40..], StartInfoAddress + (ulong)mapOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(span[48..], (uint)request.MemoryMap.Count);
        if (modules != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(span[StartInfoLength..], initrd);
            BinaryPrimitives.WriteUInt64LittleEndian(span[(StartInfoLength + 8)..], initrdLength);
        }

        for (int i = 0; i < request.MemoryMap.Count; i++)
        {
            Span<byte> entry = span[(mapOffset + (i * MapEntryLength))..];
            BinaryPrimitives.WriteUInt64LittleEndian(entry, request.MemoryMap[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], request.MemoryMap[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], (uint)request.MemoryMap[i].Kind);
        }

        return info;
    }
}
