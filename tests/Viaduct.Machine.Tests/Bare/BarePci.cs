using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>What bare guests do with the function at 01:00.0, whatever it is, and with the interrupt controllers.</summary>
internal static class BarePci
{
    public const uint Function = 0xE010_0000;
    public const uint Apic = 0xFEE0_0000;

    /// <summary>Where handlers count, 4 bytes a vector.</summary>
    public const uint Counters = 0x102_0000;

    private const uint IoApic = 0xFEC0_0000;
    private const byte MsixCapability = 0x11;

    /// <summary>Switches the local APIC on, without a pair of 8259As before it. Changes RDI.</summary>
    public static void EnableApic(BareCode c)
    {
        const int Masked = 1 << 16;
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0x350], Masked);
        c.A.mov(__dword_ptr[rdi + 0xF0], 0x1FF);
    }

    /// <summary>Makes an input of the I/O APIC a vector, edge-triggered. Changes RDI.</summary>
    public static void RouteInput(BareCode c, int input, byte vector)
    {
        c.A.mov(edi, IoApic);
        c.A.mov(__dword_ptr[rdi], 0x11 + (input * 2));
        c.A.mov(__dword_ptr[rdi + 0x10], 0);
        c.A.mov(__dword_ptr[rdi], 0x10 + (input * 2));
        c.A.mov(__dword_ptr[rdi + 0x10], vector);
    }

    /// <summary>Fills an entry of the MSI-X table in the BAR in R12 and unmasks it.</summary>
    public static void FillEntry(BareCode c, int table, int index, byte vector)
    {
        int entry = table + (index * 16);
        c.A.mov(__dword_ptr[r12 + entry], Apic);
        c.A.mov(__dword_ptr[r12 + entry + 4], 0);
        c.A.mov(__dword_ptr[r12 + entry + 8], vector);
        c.A.mov(__dword_ptr[r12 + entry + 12], 0);
    }

    /// <summary>Enables MSI-X of the function, masked as a whole or not. Changes RBX and RDI.</summary>
    public static void EnableMsix(BareCode c, bool masked = false)
    {
        Label next = c.A.CreateLabel();
        Label found = c.A.CreateLabel();
        c.A.mov(edi, Function);
        c.A.movzx(ebx, __byte_ptr[rdi + 0x34]);
        c.A.Label(ref next);
        c.A.cmp(__byte_ptr[rdi + rbx], MsixCapability);
        c.A.je(found);
        c.A.movzx(ebx, __byte_ptr[rdi + rbx + 1]);
        c.A.jmp(next);
        c.A.Label(ref found);
        c.A.mov(__word_ptr[rdi + rbx + 2], unchecked((short)(masked ? 0xC000 : 0x8000)));
    }

    /// <summary>A handler that counts its interrupts and ends them.</summary>
    public static void CountingHandler(BareCode c, byte vector)
    {
        c.Handler(vector);
        c.A.push(rdi);
        c.A.inc(__dword_ptr[CounterOf(vector)]);
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0xB0], 0);
        c.A.pop(rdi);
        c.A.iretq();
    }

    /// <summary>Waits until a vector has been handled so often.</summary>
    public static void AwaitInterrupts(BareCode c, byte vector, int count)
    {
        Label wait = c.A.CreateLabel();
        c.Place(ref wait);
        c.A.pause();
        c.A.cmp(__dword_ptr[CounterOf(vector)], count);
        c.A.jl(wait);
    }

    private static uint CounterOf(byte vector) => Counters + (vector * 4u);
}
