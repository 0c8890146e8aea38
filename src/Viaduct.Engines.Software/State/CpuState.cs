using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;

namespace Viaduct.Engines.Software.State;

/// <summary>
/// The architectural state of a processor, and what the interpreter reads at every instruction, in one unmanaged block.
/// Arithmetic flags are kept as the values that they follow from (<see cref="Flags"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpuState
{
    /// <summary>Byte offset in <see cref="Registers"/> of a register that always reads zero: an absent base or index.</summary>
    internal const byte ZeroRegister = 16 * 8;

    /// <summary>Byte offset of the linear address of the page that is executing: the base of RIP-relative operands.</summary>
    internal const byte CodeBaseRegister = 17 * 8;

    /// <summary>General registers in encoding order, then the two pseudo-registers. First, so that an offset into it is an offset into the state.</summary>
    internal fixed ulong Registers[18];

    /// <summary>The last result, sign-extended: ZF, SF and PF follow from it.</summary>
    internal ulong FlagResult;

    /// <summary>Carries out of each bit of the last addition or subtraction, the operand's top bit at bit 63: CF and OF follow from it.</summary>
    internal ulong FlagCarry;

    /// <summary>AF at bit 4; what to flip in PF's byte at bits 15:8; whether to flip SF at bit 31.</summary>
    internal uint FlagAux;

    /// <summary>RFLAGS but for the arithmetic flags: TF, IF, DF, IOPL, NT, RF, VM, AC, VIF, VIP, ID.</summary>
    internal uint FlagsOther;

    /// <summary>Instructions finished.</summary>
    internal long Instructions;

    /// <summary>The count of <see cref="Instructions"/> at which the interpreter must look up; other threads set it to zero to be heard.</summary>
    internal long Limit;

    /// <summary>Translations, direct-mapped by linear page.</summary>
    internal TlbEntry* Tlb;

    /// <summary>Decoded code for the current privilege, direct-mapped by linear page.</summary>
    internal CodeTlbEntry* CodeTlb;

    /// <summary>All ops; an index into it names one.</summary>
    internal Op* Arena;

    /// <summary>Low bits of a valid TLB tag in the current privilege: <see cref="TlbEntry.Supervisor"/> or <see cref="TlbEntry.User"/>.</summary>
    internal ulong AccessMode;

    /// <summary>Low bits of a valid code TLB tag now: privilege and code size.</summary>
    internal ulong FetchMode;

    /// <summary>What translated code and its callers tell each other.</summary>
    internal TranslatedState Translated;

    /// <summary>The next instruction's address, within the code segment. Only right while the interpreter is left.</summary>
    internal ulong Rip;

    /// <summary>Why the interpreter was left.</summary>
    internal ExitReason Exit;

    /// <summary>The exception to deliver, when <see cref="Exit"/> says so.</summary>
    internal Fault Fault;

    /// <summary>Current privilege level.</summary>
    internal int Cpl;

    /// <summary>Whether the code segment is 64-bit.</summary>
    internal bool Long64;

    /// <summary>Whether interrupts wait for one more instruction (after STI or a load of SS).</summary>
    internal bool InterruptShadow;

    /// <summary>Whether debug traps wait for one more instruction (after a load of SS).</summary>
    internal bool TrapShadow;

    /// <summary>Whether the instruction's single-step trap depends on TF as it is after it (SYSCALL, SYSRET), not before.</summary>
    internal bool TrapsAtEnd;

    /// <summary>PKRU.</summary>
    internal uint UserKeyRights;

    /// <summary>IA32_PKRS.</summary>
    internal uint SupervisorKeyRights;

    /// <summary>Bases of ES, CS, SS, DS, FS, GS as they are added to an address; zero for the first four in 64-bit mode.</summary>
    internal fixed ulong SegmentBases[6];

    /// <summary>Which bits of RSP are the stack pointer: all, 32 or 16.</summary>
    internal ulong StackMask;

    /// <summary>Outside 64-bit mode, a bit for each segment register (<see cref="SegmentName"/>) through which all 4 GiB may be read and written.</summary>
    internal uint FlatSegments;

    /// <summary>Segment registers and system segments, by <see cref="SegmentName"/>.</summary>
    internal SegmentRegisters Segments;

    internal ulong GdtBase;
    internal uint GdtLimit;
    internal ulong IdtBase;
    internal uint IdtLimit;

    internal ulong Cr0;
    internal ulong Cr2;
    internal ulong Cr3;
    internal ulong Cr4;
    internal ulong Efer;

    /// <summary>SSE control and status.</summary>
    internal uint Mxcsr;

    /// <summary>XMM0 to XMM15.</summary>
    internal XmmRegisters Xmm;

    /// <summary>The x87 FPU, and with it the MMX registers.</summary>
    internal X87State X87;

    /// <summary>ES, CS, SS, DS, FS, GS, LDTR, TR.</summary>
    [InlineArray(8)]
    internal struct SegmentRegisters
    {
        private SegmentRegister _first;
    }

    /// <summary>Sixteen 128-bit registers.</summary>
    [InlineArray(16)]
    internal struct XmmRegisters
    {
        private Vector128<byte> _first;
    }
}
