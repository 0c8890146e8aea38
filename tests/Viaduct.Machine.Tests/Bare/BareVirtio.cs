using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>
/// A bare guest's driver of any virtio device at 01:00.0 with split rings, one buffer of one descriptor at a time a queue.
/// It keeps the BAR in R12; RAX, RBX, RDI and RSI it changes.
/// </summary>
internal sealed class BareVirtio(BareCode code)
{
    /// <summary>Where in the BAR the MSI-X table is.</summary>
    public const int Table = 0x4000;

    private const uint Bridge = 0xE000_8000;
    private const uint Rings = 0x100_2000;
    private const uint RingLength = 0x1000;
    private const int Available = 0x400;
    private const int Used = 0x800;
    private const int Notify = 0x3000;
    private const ushort DeviceWrites = 2;

    private Assembler A => code.A;

    /// <summary>Finds the registers and negotiates version 1 and no more.</summary>
    public void Negotiate()
    {
        A.mov(edi, Bridge);
        A.mov(__dword_ptr[rdi + 4], 7);
        A.mov(edi, BarePci.Function);
        A.mov(__dword_ptr[rdi + 4], 6);
        A.mov(r12d, __[rdi + 0x10]);
        A.and(r12d, ~0xF);
        A.mov(__byte_ptr[r12 + 0x14], 0);
        A.mov(__byte_ptr[r12 + 0x14], 3);
        A.mov(__dword_ptr[r12 + 0x08], 1);
        A.mov(__dword_ptr[r12 + 0x0C], 1);
        A.mov(__byte_ptr[r12 + 0x14], 11);
    }

    /// <summary>Sets a queue of 16 up.</summary>
    /// <param name="queue">Which.</param>
    /// <param name="entry">The entry of the MSI-X table that it interrupts by; null for none.</param>
    public void AddQueue(int queue, int? entry = null)
    {
        uint ring = RingOf(queue);
        A.mov(__word_ptr[r12 + 0x16], (short)queue);
        A.mov(__word_ptr[r12 + 0x18], 16);
        A.mov(__word_ptr[r12 + 0x1A], (short)(entry ?? -1));
        A.mov(__dword_ptr[r12 + 0x20], ring);
        A.mov(__dword_ptr[r12 + 0x28], ring + Available);
        A.mov(__dword_ptr[r12 + 0x30], ring + Used);
        A.mov(__word_ptr[r12 + 0x1C], 1);
    }

    /// <summary>Says that the driver is ready.</summary>
    public void Begin() => A.mov(__byte_ptr[r12 + 0x14], 15);

    /// <summary>Gives a queue a buffer and rings its doorbell.</summary>
    public void Give(int queue, uint buffer, int length, bool deviceWrites)
    {
        A.mov(edi, RingOf(queue));
        A.mov(__dword_ptr[rdi], buffer);
        A.mov(__dword_ptr[rdi + 8], length);
        A.mov(__word_ptr[rdi + 12], (short)(deviceWrites ? DeviceWrites : 0));
        A.inc(__word_ptr[rdi + Available + 2]);
        A.mov(__word_ptr[r12 + Notify + (queue * 4)], (short)queue);
    }

    /// <summary>Waits until a queue's buffer is back.</summary>
    public void Await(int queue)
    {
        Label wait = A.CreateLabel();
        A.mov(edi, RingOf(queue));
        code.Place(ref wait);
        A.pause();
        A.mov(ax, __[rdi + Available + 2]);
        A.cmp(ax, __[rdi + Used + 2]);
        A.jne(wait);
    }

    private static uint RingOf(int queue) => Rings + ((uint)queue * RingLength);
}
