using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>
/// A bare guest's driver of a virtio block device at 01:00.0 with a split ring, one request at a time, polling. It keeps
/// the BAR in R12 and the ring's index in R13; R8 and R9 are its user's, all others it changes.
/// </summary>
internal sealed class BareVirtioBlock(BareCode code)
{
    public const uint Buffer = 0x101_0000;

    private const uint Function = 0xE010_0000;
    private const uint Bridge = 0xE000_8000;
    private const uint Descriptors = 0x100_2000;
    private const uint Available = 0x100_3000;
    private const uint Used = 0x100_4000;
    private const uint WriteHeader = 0x100_5000;
    private const uint FlushHeader = 0x100_5020;
    private const uint Status = 0x100_5040;
    private const int Notify = 0x3000;
    private const ushort Next = 1;
    private const ushort DeviceWrites = 2;
    private const int FlushChain = 3;

    private Assembler A => code.A;

    /// <summary>Finds the registers, negotiates version 1 and flush, and sets the queue up.</summary>
    public void Enable()
    {
        A.mov(edi, Bridge);
        A.mov(__dword_ptr[rdi + 4], 7);
        A.mov(edi, Function);
        A.mov(__dword_ptr[rdi + 4], 6);
        A.mov(r12d, __[rdi + 0x10]);
        A.and(r12d, ~0xF);
        A.mov(__byte_ptr[r12 + 0x14], 0);
        A.mov(__byte_ptr[r12 + 0x14], 3);
        A.mov(__dword_ptr[r12 + 0x08], 0);
        A.mov(__dword_ptr[r12 + 0x0C], 1 << 9);
        A.mov(__dword_ptr[r12 + 0x08], 1);
        A.mov(__dword_ptr[r12 + 0x0C], 1);
        A.mov(__byte_ptr[r12 + 0x14], 11);
        A.mov(__word_ptr[r12 + 0x16], 0);
        A.mov(__word_ptr[r12 + 0x18], 16);
        A.mov(__dword_ptr[r12 + 0x20], Descriptors);
        A.mov(__dword_ptr[r12 + 0x28], Available);
        A.mov(__dword_ptr[r12 + 0x30], Used);
        A.mov(__word_ptr[r12 + 0x1C], 1);
        A.mov(__byte_ptr[r12 + 0x14], 15);
        A.mov(edi, Descriptors);
        Describe(0, WriteHeader, 16, Next);
        Describe(1, Buffer, 4096, Next);
        Describe(2, Status, 1, DeviceWrites);
        Describe(3, FlushHeader, 16, Next);
        Describe(4, Status, 1, DeviceWrites);
        A.mov(edi, WriteHeader);
        A.mov(__dword_ptr[rdi], 1);
        A.mov(__dword_ptr[rdi + 0x20], 4);
        A.xor(r13d, r13d);
    }

    /// <summary>Writes 4096 bytes at the sector in R15.</summary>
    public void Write()
    {
        A.mov(edi, WriteHeader);
        A.mov(__[rdi + 8], r15);
        Request(0);
    }

    /// <summary>Flushes.</summary>
    public void Flush() => Request(FlushChain);

    private void Describe(int index, uint address, int length, ushort flags)
    {
        A.mov(__dword_ptr[rdi + (index * 16)], address);
        A.mov(__dword_ptr[rdi + (index * 16) + 8], length);
        A.mov(__dword_ptr[rdi + (index * 16) + 12], flags | ((index + 1) << 16));
    }

    private void Request(int chain)
    {
        A.mov(esi, Status);
        A.mov(__byte_ptr[rsi], unchecked((sbyte)0xFF));
        A.mov(edi, Available);
        A.mov(eax, r13d);
        A.and(eax, 15);
        A.mov(__word_ptr[rdi + (rax * 2) + 4], (short)chain);
        A.inc(r13d);
        A.mov(__[rdi + 2], r13w);
        A.mov(__word_ptr[r12 + Notify], 0);
        A.mov(edi, Used);
        Label wait = A.CreateLabel();
        code.Place(ref wait);
        A.cmp(r13w, __[rdi + 2]);
        A.jne(wait);
        A.movzx(eax, __byte_ptr[rsi]);
        code.Expect(0, "virtio-blk status");
    }
}
