using System.Buffers.Binary;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// Writes the guest that runs test cases: page tables, descriptor tables, the entries for exceptions, and the driver at
/// privilege level 3 that loads a case's state, jumps to its code and stores the state after.
/// </summary>
internal static unsafe class OracleImage
{
    private const ulong Present = 1;
    private const ulong Writable = 2;
    private const ulong User = 4;
    private const ulong NoExecute = 1UL << 63;

    /// <summary>Where the driver stores a case's state: what every case's code ends with a jump to.</summary>
    public static ulong Tail { get; } = OracleDriver.Assemble(out _);

    /// <summary>Writes all but slots and records.</summary>
    /// <param name="memory">Guest memory from address zero.</param>
    /// <param name="first">The slot of the first record that the driver goes through.</param>
    /// <param name="cases">How many records the driver goes through.</param>
    public static void WriteSystem(HostMemory memory, int first, int cases)
    {
        byte* image = memory.Pointer;
        WritePageTables(image);
        WriteDescriptors(image);
        _ = OracleDriver.Assemble(out byte[] driver);
        Copy(driver, image + OracleLayout.DriverCode);
        Copy(OracleKernel.AssembleStart(), image + OracleLayout.KernelCode);
        for (int vector = 0; vector < 32; vector++)
        {
            ulong address = OracleLayout.VectorEntries + ((ulong)vector * OracleLayout.EntryLength);
            Copy(
                vector == OracleLayout.DoneVector ? OracleKernel.AssembleDone(address) : OracleKernel.AssembleEntry(vector, address, Tail),
                image + address);
        }

        // Where no case's code is, a branch that ends there is seen.
        const byte Breakpoint = 0xCC;
        new Span<byte>(image + OracleLayout.Slots, OracleLayout.MaxCases * OracleLayout.SlotLength).Fill(Breakpoint);
        *(ulong*)(image + OracleLayout.CurrentRecord) = OracleLayout.RecordAddress(first);
        *(ulong*)(image + OracleLayout.Remaining) = (ulong)cases;
        *(ulong*)(image + OracleLayout.Vector) = OracleLayout.NoVector;
        *(ulong*)(image + OracleLayout.ErrorCode) = 0;
        *(ulong*)(image + OracleLayout.FaultAddress) = 0;
        *(ulong*)(image + OracleLayout.FaultRip) = 0;
    }

    /// <summary>The slot of the record that the driver has come to.</summary>
    public static int CurrentSlot(HostMemory memory) =>
        (int)((*(ulong*)(memory.Pointer + OracleLayout.CurrentRecord) - OracleLayout.Records) / CaseRecord.Length);

    /// <summary>The record in a slot.</summary>
    public static CaseRecord* Record(HostMemory memory, int slot) => (CaseRecord*)(memory.Pointer + OracleLayout.RecordAddress(slot));

    /// <summary>Writes a case's code: the instructions and a jump to the driver's tail, as far as there is room for code.</summary>
    public static void WriteCode(HostMemory memory, ulong address, ReadOnlySpan<byte> instructions)
    {
        const byte JumpNear = 0xE9;
        Span<byte> bytes = stackalloc byte[OracleLayout.SlotLength];
        instructions.CopyTo(bytes);
        bytes[instructions.Length] = JumpNear;
        int length = instructions.Length + 5;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(instructions.Length + 1)..], (int)(Tail - (address + (ulong)length)));
        bytes[..Math.Min(length, (int)(OracleLayout.Records - address))].CopyTo(new Span<byte>(memory.Pointer + address, length));
    }

    private static void WritePageTables(byte* image)
    {
        ulong* pml4 = (ulong*)(image + OracleLayout.PageTable);
        ulong* pdpt = (ulong*)(image + OracleLayout.PageTable + 0x1000);
        ulong* directory = (ulong*)(image + OracleLayout.PageTable + 0x2000);
        pml4[0] = (OracleLayout.PageTable + 0x1000) | Present | Writable | User;
        pdpt[0] = (OracleLayout.PageTable + 0x2000) | Present | Writable | User;
        ulong pages = OracleLayout.MemoryLength / HostMemory.PageSize;
        for (ulong page = 0; page < pages; page++)
        {
            ulong table = OracleLayout.PageTable + 0x3000 + (page / 512 * 0x1000);
            directory[page / 512] = table | Present | Writable | User;
            ((ulong*)(image + table))[page % 512] = PageEntry(page * HostMemory.PageSize);
        }
    }

    private static ulong PageEntry(ulong address) => address switch
    {
        0 or OracleLayout.MissingPage => 0,
        < OracleLayout.KernelStackTop - 0x1000 => address | Present | Writable,
        OracleLayout.KernelPage => address | Present | Writable | NoExecute,
        OracleLayout.ReadOnlyPage => address | Present | User | NoExecute,
        OracleLayout.DriverCode or (>= OracleLayout.Slots and < OracleLayout.Records) => address | Present | User,
        _ => address | Present | Writable | User | NoExecute,
    };

    private static void WriteDescriptors(byte* image)
    {
        ulong* gdt = (ulong*)(image + OracleLayout.Gdt);
        new Span<byte>(gdt, OracleLayout.GdtLimit + 1).Clear();
        gdt[OracleLayout.KernelCodeSelector / 8] = 0x00AF_9B00_0000_FFFF;
        gdt[OracleLayout.KernelDataSelector / 8] = 0x00CF_9300_0000_FFFF;
        gdt[OracleLayout.UserDataSelector / 8] = 0x00CF_F300_0000_FFFF;
        gdt[OracleLayout.UserCodeSelector / 8] = 0x00AF_FB00_0000_FFFF;
        gdt[OracleLayout.TaskSelector / 8] = 0x67 | (OracleLayout.Tss << 16) | (0x89UL << 40);

        // The operands of LGDT and LIDT.
        *(ushort*)(image + OracleLayout.GdtPointer) = OracleLayout.GdtLimit;
        *(ulong*)(image + OracleLayout.GdtPointer + 2) = OracleLayout.Gdt;
        *(ushort*)(image + OracleLayout.IdtPointer) = 0xFFF;
        *(ulong*)(image + OracleLayout.IdtPointer + 2) = OracleLayout.Idt;

        byte* tss = image + OracleLayout.Tss;
        new Span<byte>(tss, 0x68).Clear();
        *(ulong*)(tss + 4) = OracleLayout.KernelStackTop;
        *(ushort*)(tss + 0x66) = 0x68;

        // Any INT but those that user code may use finds a gate that is not for it: #GP with the gate's number.
        const int Breakpoint = 3;
        ulong* idt = (ulong*)(image + OracleLayout.Idt);
        for (int vector = 0; vector < 256; vector++)
        {
            ulong entry = OracleLayout.VectorEntries + ((ulong)(vector & 31) * OracleLayout.EntryLength);
            ulong type = vector is Breakpoint or OracleLayout.DoneVector ? 0xEEUL : 0x8E;
            idt[vector * 2] = (entry & 0xFFFF) | ((ulong)OracleLayout.KernelCodeSelector << 16) | (type << 40) | ((entry >> 16) << 48);
            idt[(vector * 2) + 1] = 0;
        }
    }

    private static void Copy(byte[] source, byte* destination) => source.CopyTo(new Span<byte>(destination, source.Length));
}
