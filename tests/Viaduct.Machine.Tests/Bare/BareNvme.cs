using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>
/// A bare guest's driver of an NVMe controller at 01:00.0, one command at a time, polling. It keeps the BAR in R12, the
/// I/O queues' position in R13 and the phase that is next in R14; R8 and R9 are its user's, all others it changes.
/// </summary>
internal sealed class BareNvme(BareCode code)
{
    public const uint Function = 0xE010_0000;
    public const uint Buffer = 0x101_0000;

    private const uint Bridge = 0xE000_8000;
    private const uint AdminSubmission = 0x100_0000;
    private const uint AdminCompletion = 0x100_1000;
    private const uint Submission = 0x100_2000;
    private const uint Completion = 0x100_3000;
    private const int Entries = 64;
    private const int Doorbells = 0x1000;
    private const int PhaseBit = 1 << 16;

    private int _adminCommands;

    private Assembler A => code.A;

    /// <summary>Finds the registers and enables the controller.</summary>
    public void Enable()
    {
        A.mov(edi, Bridge);
        A.mov(__dword_ptr[rdi + 4], 7);
        A.mov(edi, Function);
        A.mov(__dword_ptr[rdi + 4], 6);
        A.mov(r12d, __[rdi + 0x10]);
        A.and(r12d, ~0xF);
        A.mov(eax, __[rdi + 0x14]);
        A.shl(rax, 32);
        A.or(r12, rax);
        A.mov(__dword_ptr[r12 + 0x24], ((Entries - 1) << 16) | (Entries - 1));
        A.mov(__dword_ptr[r12 + 0x28], AdminSubmission);
        A.mov(__dword_ptr[r12 + 0x2C], 0);
        A.mov(__dword_ptr[r12 + 0x30], AdminCompletion);
        A.mov(__dword_ptr[r12 + 0x34], 0);
        A.mov(__dword_ptr[r12 + 0x14], 0x46_0001);
        Label wait = A.CreateLabel();
        code.Place(ref wait);
        A.test(__dword_ptr[r12 + 0x1C], 1);
        A.jz(wait);
    }

    /// <summary>Sends an admin command without waiting for it.</summary>
    public void Send(byte opcode, uint address, uint dword10, uint dword11)
    {
        A.mov(edi, AdminSubmission + (uint)(_adminCommands * 64));
        A.mov(__dword_ptr[rdi], opcode);
        A.mov(__dword_ptr[rdi + 24], address);
        A.mov(__dword_ptr[rdi + 40], dword10);
        A.mov(__dword_ptr[rdi + 44], dword11);
        _adminCommands++;
        A.mov(__dword_ptr[r12 + Doorbells], _adminCommands);
    }

    /// <summary>Makes a pair of I/O queues.</summary>
    public void CreateQueues()
    {
        const uint QueueOne = ((Entries - 1) << 16) | 1;
        Send(5, Completion, QueueOne, 1);
        AwaitAdmin();
        Send(1, Submission, QueueOne, (1 << 16) | 1);
        AwaitAdmin();
        A.xor(r13d, r13d);
        A.mov(r14d, PhaseBit);
    }

    /// <summary>Carries out an I/O command over eight blocks of 512 bytes at the LBA in R15.</summary>
    public void Transfer(byte opcode)
    {
        A.mov(edi, r13d);
        A.shl(edi, 6);
        A.add(edi, (int)Submission);
        A.mov(__dword_ptr[rdi], opcode);
        A.mov(__dword_ptr[rdi + 4], 1);
        A.mov(__dword_ptr[rdi + 24], Buffer);
        A.mov(__[rdi + 40], r15d);
        A.mov(__dword_ptr[rdi + 48], opcode == 0 ? 0 : 7);
        A.mov(esi, r13d);
        A.shl(esi, 4);
        A.add(esi, (int)Completion);
        Label same = A.CreateLabel();
        A.mov(ebp, r14d);
        A.inc(r13d);
        A.cmp(r13d, Entries);
        A.jne(same);
        A.xor(r13d, r13d);
        A.xor(r14d, PhaseBit);
        code.Place(ref same);
        A.mov(__[r12 + Doorbells + 8], r13d);
        Await();
        A.mov(__[r12 + Doorbells + 12], r13d);
    }

    private void AwaitAdmin()
    {
        A.mov(esi, AdminCompletion + (uint)((_adminCommands - 1) * 16));
        A.mov(ebp, PhaseBit);
        Await();
    }

    // Until the entry at RSI has the phase in EBP; its status must be success.
    private void Await()
    {
        Label wait = A.CreateLabel();
        code.Place(ref wait);
        A.mov(eax, __[rsi + 12]);
        A.and(eax, unchecked((int)0xFFFF_0000));
        A.mov(ebx, eax);
        A.xor(eax, ebp);
        A.test(eax, PhaseBit);
        A.jnz(wait);
        A.mov(eax, ebx);
        A.shr(eax, 17);
        code.Expect(0, "NVMe status");
    }
}
