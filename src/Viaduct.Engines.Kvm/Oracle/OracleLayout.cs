namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Where things are in the guest that runs test cases. Linear and physical addresses are the same.</summary>
internal static class OracleLayout
{
    /// <summary>Bytes of guest memory.</summary>
    public const ulong MemoryLength = 0xA0_0000;

    public const ulong PageTable = 0x1000;
    public const ulong Gdt = 0xC000;
    public const ushort GdtLimit = 0x4F;
    public const ushort KernelCodeSelector = 0x10;
    public const ushort KernelDataSelector = 0x18;

    /// <summary>What user code sees in CS and SS. Linux's values: KVM without hardware virtualization runs user code with the host's.</summary>
    public const ushort UserDataSelector = 0x2B;
    public const ushort UserCodeSelector = 0x33;
    public const ushort TaskSelector = 0x40;
    public const ulong GdtPointer = Gdt + 0x80;
    public const ulong IdtPointer = Gdt + 0x90;
    public const ulong Tss = 0xC100;
    public const ulong Idt = 0xD000;

    /// <summary>Code at privilege level 0: the start, then one entry a vector, <see cref="EntryLength"/> bytes each.</summary>
    public const ulong KernelCode = 0xE000;
    public const ulong VectorEntries = 0xE400;
    public const ulong EntryLength = 64;

    /// <summary>Where exceptions push their frame.</summary>
    public const ulong KernelStackTop = 0x1_3000;

    /// <summary>What the driver and the exception entries share.</summary>
    public const ulong Variables = 0x1_3000;
    public const ulong CurrentRecord = Variables;
    public const ulong Remaining = Variables + 0x08;
    public const ulong Target = Variables + 0x10;
    public const ulong SavedRax = Variables + 0x18;
    public const ulong Vector = Variables + 0x20;
    public const ulong ErrorCode = Variables + 0x28;
    public const ulong FaultAddress = Variables + 0x30;
    public const ulong FaultRip = Variables + 0x38;

    public const ulong DriverCode = 0x1_4000;
    public const ulong DriverStackTop = 0x1_8000;

    /// <summary>A page that can be read only, one for privilege level 0 only, one that nothing follows, and that nothing.</summary>
    public const ulong ReadOnlyPage = 0x2_0000;
    public const ulong KernelPage = 0x2_1000;
    public const ulong LastPage = 0x2_2000;
    public const ulong MissingPage = 0x2_3000;

    /// <summary>What FS and GS add; GS's is no round number.</summary>
    public const ulong FsBase = 0x3000;
    public const ulong GsBase = 0x1_2345;

    /// <summary>Cases a run holds at most.</summary>
    public const int MaxCases = 4096;

    /// <summary>The code of the cases, one slot each; a case's first instruction is at <see cref="SlotEntry"/> of its slot.</summary>
    public const ulong Slots = 0x8_0000;
    public const int SlotLength = 128;
    public const int SlotEntry = 32;

    /// <summary>The state before and after each case.</summary>
    public const ulong Records = 0x10_0000;

    /// <summary>The port that says that all cases have run.</summary>
    public const ushort DonePort = 0x80;

    /// <summary>The software interrupt by which the driver ends: #OF's, since KVM without hardware virtualization lets user code have only that and the breakpoint.</summary>
    public const int DoneVector = 4;

    /// <summary>The <see cref="Vector"/> of a case that ended without an exception.</summary>
    public const ulong NoVector = 0x100;

    public static ulong SlotAddress(int slot) => Slots + ((ulong)slot * SlotLength);

    public static ulong RecordAddress(int slot) => Records + ((ulong)slot * CaseRecord.Length);
}
