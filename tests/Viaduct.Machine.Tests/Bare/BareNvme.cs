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

    /// <summary>Where in the BAR the MSI-X table is.</summary>
    public const int Table = 0x2000;

    private const uint Bridge = 0xE000_8000;
    private const uint AdminSubmission = 0x100_0000;
    private const uint AdminCompletion = 0x100_1000;
    private const uint Submission = 0x100_2000;
    private const uint Completion = 0x100_3000;
    private const uint Shadow = 0x100_8000;
    private const int Entries = 64;
    private const int Doorbells = 0x1000;
    private const int PhaseBit = 1 << 16;

    private int _adminCommands;
    private bool _shadowed;

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
    public void Send(byte opcode, uint address, uint dword10, uint dword11, uint second = 0)
    {
        A.mov(edi, AdminSubmission + (uint)(_adminCommands * 64));
        A.mov(__dword_ptr[rdi], opcode);
        A.mov(__dword_ptr[rdi + 24], address);
        A.mov(__dword_ptr[rdi + 32], second);
        A.mov(__dword_ptr[rdi + 40], dword10);
        A.mov(__dword_ptr[rdi + 44], dword11);
        _adminCommands++;
        A.mov(__dword_ptr[r12 + Doorbells], _adminCommands);
    }

    /// <summary>Has the controller look for the I/O queues' doorbells in memory; their registers are written all the same, as whoever is asked to does.</summary>
    public void ShadowDoorbells()
    {
        const byte DoorbellBufferConfig = 0x7C;
        Send(DoorbellBufferConfig, Shadow, 0, 0, second: Shadow + 0x1000);
        AwaitAdmin();
        _shadowed = true;
    }

    /// <summary>Makes a pair of I/O queues.</summary>
    /// <param name="entry">The entry of the MSI-X table by which completions interrupt; null for none.</param>
    public void CreateQueues(int? entry = null)
    {
        const uint QueueOne = ((Entries - 1) << 16) | 1;
        Send(5, Completion, QueueOne, entry is { } vector ? ((uint)vector << 16) | 3 : 1);
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
        Ring(8);
        Await();
        Ring(12);
    }

    private void Ring(int offset)
    {
        if (_shadowed)
        {
            A.mov(__[(long)Shadow + offset], r13d);
        }

        A.mov(__[r12 + Doorbells + offset], r13d);
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
