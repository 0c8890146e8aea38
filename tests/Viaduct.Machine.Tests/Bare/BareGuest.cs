using System.Buffers.Binary;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>
/// Makes a kernel file of a few kilobytes: an ELF image that PVH starts, which goes to 64-bit mode with 512 GiB mapped
/// one to one, for user code too, and runs what a test assembled. An exception without a handler prints ! and its
/// vector and powers off; an NMI returns.
/// </summary>
internal static class BareGuest
{
    public const ulong DefaultBase = 0x20_0000;
    public const int CodeOffset = 0x5000;
    public const int StackOffset = 0x3_0000;
    public const int ImageLength = 0x2_8000;
    public const ushort CodeSelector = 0x10;
    public const ushort UserCodeSelector = 0x2B;
    public const ushort UserDataSelector = 0x23;

    private const int TableOffset = 0x1000;
    private const int DirectoryOffset = 0x2000;
    private const int GdtOffset = 0x3000;
    private const int TaskOffset = 0x2_5000;
    private const ulong TaskLength = 0x68;
    private const ulong PortBitmapLength = 0x2001;
    private const int PointersOffset = 0x3200;
    private const int IdtOffset = 0x4000;
    private const int CodeEnd = 0x2_0000;
    private const int LargePagesOffset = 0x2_0000;
    private const int HeaderLength = 0x1000;
    private const int NoteOffset = 0x800;
    private const uint XenPhysicalEntry = 18;
    private const byte NonMaskable = 2;

    /// <summary>The file's bytes.</summary>
    /// <param name="write">Assembles the guest's code.</param>
    /// <param name="start">The physical address of the image.</param>
    /// <param name="data">Further bytes, a few pieces, and where they go in physical memory.</param>
    /// <param name="ownStack">Whether exceptions have a stack of their own, for guests whose stack pointer is anywhere.</param>
    public static byte[] Build(Action<BareCode> write, ulong start = DefaultBase, IReadOnlyList<(ulong Address, byte[] Bytes)>? data = null, bool ownStack = false)
    {
        byte[] image = new byte[ImageLength];
        BareCode code = new();
        write(code);
        Stub(start).CopyTo(image, 0);
        Tables(image, start);
        Dictionary<byte, ulong> handlers = Code(image, code, start);
        for (int vector = 0; vector < 256; vector++)
        {
            ulong target = handlers.GetValueOrDefault((byte)vector, handlers[0]);
            Span<byte> gate = image.AsSpan(IdtOffset + (vector * 16), 16);
            BinaryPrimitives.WriteUInt64LittleEndian(gate, (target & 0xFFFF) | ((ulong)CodeSelector << 16) | (0xEEUL << 40) | (ownStack ? 1UL << 32 : 0) | ((target >> 16 & 0xFFFF) << 48));
            BinaryPrimitives.WriteUInt64LittleEndian(gate[8..], target >> 32);
        }

        return Elf(start, image, data ?? []);
    }

    // 32-bit code, entered with flat segments and paging off.
    private static byte[] Stub(ulong start)
    {
        Assembler a = new(32);
        a.mov(eax, 0x620);
        a.mov(cr4, eax);
        a.mov(eax, (uint)start + TableOffset);
        a.mov(cr3, eax);
        a.mov(ecx, 0xC000_0080);
        a.xor(edx, edx);
        a.mov(eax, 0x901);
        a.wrmsr();
        a.mov(eax, 0x8001_0033);
        a.mov(cr0, eax);
        a.lgdt(__[(uint)start + PointersOffset]);
        a.lidt(__[(uint)start + PointersOffset + 16]);
        a.mov(eax, 0x18);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        a.jmp(CodeSelector, (uint)start + CodeOffset);
        using MemoryStream stream = new();
        a.Assemble(new StreamCodeWriter(stream), start);
        return stream.ToArray();
    }

    private static void Tables(byte[] image, ulong start)
    {
        void Put(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(offset), value);
        Put(TableOffset, (start + DirectoryOffset) | 7);
        for (int i = 0; i < 512; i++)
        {
            Put(DirectoryOffset + (i * 8), ((ulong)i << 30) | 0x87);
        }

        // Where there is anything, pages of 2 MiB: not every KVM has larger ones. The last is where 64-bit BARs begin.
        int directory = LargePagesOffset;
        foreach (int gibibyte in (ReadOnlySpan<int>)[0, 1, 2, 3, (int)(MemoryLayout.Mmio64Alignment >> 30)])
        {
            Put(DirectoryOffset + (gibibyte * 8), (start + (ulong)directory) | 7);
            for (int i = 0; i < 512; i++)
            {
                Put(directory + (i * 8), ((ulong)gibibyte << 30) | ((ulong)i << 21) | 0x87);
            }

            directory += 0x1000;
        }

        Put(GdtOffset + 0x10, 0x00AF_9B00_0000_FFFF);
        Put(GdtOffset + 0x18, 0x00CF_9300_0000_FFFF);
        Put(GdtOffset + 0x20, 0x00CF_F300_0000_FFFF);
        Put(GdtOffset + 0x28, 0x00AF_FB00_0000_FFFF);
        ulong task = start + TaskOffset;
        Put(GdtOffset + 0x30, (TaskLength + PortBitmapLength - 1) | ((task & 0xFF_FFFF) << 16) | (0x89UL << 40) | (((task >> 24) & 0xFF) << 56));
        Put(GdtOffset + 0x38, task >> 32);
        Put(TaskOffset + 4, start + StackOffset);
        Put(TaskOffset + 36, start + StackOffset);

        // All ports are user code's: there are KVMs that look here, whatever the I/O privilege level.
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(TaskOffset + 0x66), (ushort)TaskLength);
        image[TaskOffset + (int)(TaskLength + PortBitmapLength) - 1] = 0xFF;
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(PointersOffset), 0x3F);
        Put(PointersOffset + 2, start + GdtOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(PointersOffset + 16), 0xFFF);
        Put(PointersOffset + 18, start + IdtOffset);
    }

    private static Dictionary<byte, ulong> Code(byte[] image, BareCode code, ulong start)
    {
        Assembler prologue = new(64);
        prologue.mov(rsp, start + StackOffset);
        prologue.mov(eax, 0x30);
        prologue.ltr(ax);

        // Eight data bits: after reset there are five.
        prologue.mov(edx, 0x3FB);
        prologue.mov(al, 3);
        prologue.@out(dx, al);
        int length = Emit(prologue, image, start, CodeOffset, out _);

        // Handlers that a test doesn't give: one a vector, since the processor doesn't say which it was.
        Label[] gates = new Label[32];
        Label common = code.A.CreateLabel();
        for (byte vector = 0; vector < gates.Length; vector++)
        {
            gates[vector] = code.A.CreateLabel();
            code.A.Label(ref gates[vector]);
            if (vector == NonMaskable)
            {
                code.A.iretq();
                continue;
            }

            code.A.mov(bl, (sbyte)vector);
            code.A.jmp(common);
        }

        code.A.Label(ref common);
        code.A.mov(edx, 0x3F8);
        code.A.mov(al, (sbyte)'!');
        code.A.@out(dx, al);
        code.A.mov(al, bl);
        code.A.add(al, (sbyte)'A');
        code.A.@out(dx, al);
        code.PowerOff();
        _ = Emit(code.A, image, start, CodeOffset + length, out AssemblerResult result);
        Dictionary<byte, ulong> handlers = [];
        for (byte vector = 0; vector < gates.Length; vector++)
        {
            handlers[vector] = result.GetLabelRIP(gates[vector]);
        }

        foreach ((byte vector, Label label) in code.Handlers)
        {
            handlers[vector] = result.GetLabelRIP(label);
        }

        return handlers;
    }

    private static int Emit(Assembler assembler, byte[] image, ulong start, int offset, out AssemblerResult result)
    {
        using MemoryStream stream = new();
        result = assembler.Assemble(new StreamCodeWriter(stream), start + (uint)offset, BlockEncoderOptions.ReturnNewInstructionOffsets);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(image.AsSpan(offset..CodeEnd));
        return (int)stream.Length;
    }

    private static byte[] Elf(ulong start, byte[] image, IReadOnlyList<(ulong Address, byte[] Bytes)> data)
    {
        byte[] file = new byte[HeaderLength + image.Length + data.Sum(part => part.Bytes.Length)];
        Span<byte> header = file;
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2;
        header[5] = 1;
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], start);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], (ushort)(2 + data.Count));
        Segment(header[64..], 1, HeaderLength, start, (ulong)image.Length);
        Segment(header[120..], 4, NoteOffset, 0, 20);
        Span<byte> note = header[NoteOffset..];
        BinaryPrimitives.WriteUInt32LittleEndian(note, 4);
        BinaryPrimitives.WriteUInt32LittleEndian(note[4..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(note[8..], XenPhysicalEntry);
        "Xen\0"u8.CopyTo(note[12..]);
        BinaryPrimitives.WriteUInt32LittleEndian(note[16..], (uint)start);
        image.CopyTo(file, HeaderLength);
        int offset = HeaderLength + image.Length;
        for (int i = 0; i < data.Count; i++)
        {
            Segment(header[(176 + (i * 56))..], 1, (ulong)offset, data[i].Address, (ulong)data[i].Bytes.Length);
            data[i].Bytes.CopyTo(file, offset);
            offset += data[i].Bytes.Length;
        }

        return file;
    }

    private static void Segment(Span<byte> header, uint type, ulong offset, ulong address, ulong length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], length);
    }
}
