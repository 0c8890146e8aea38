using System.Buffers.Binary;
using Iced.Intel;
using Viaduct.Machine.Tests.Bare;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>
/// A bare guest that carries out a list of accesses, then checks that the memory beside its own code is as it was, and
/// prints "ok" and powers off. It lives high in 2 GiB: no address that holds its topmost bytes is ever given to a device.
/// </summary>
internal sealed class AccessGuest
{
    public const ulong Memory = 2UL << 30;
    public const ulong ArenaStart = 0x100_0000;
    public const int ArenaLength = 1 << 20;

    private const ulong Start = 0x7E00_0000;
    private const ulong CanaryStart = 0x7E10_0000;
    private const int CanaryLength = 1 << 20;
    private const ulong CanaryValue = 0xA55A_C33C_9669_F00F;
    private const ulong ListStart = 0x7E20_0000;
    private const int EntryLength = 24;

    private readonly List<byte> _list = [];

    /// <summary>What devices are pointed to, for a start.</summary>
    public byte[] Arena { get; } = new byte[ArenaLength];

    /// <summary>Keeps an address in the guest's own memory from coming together, of whatever bytes.</summary>
    public static ulong Clean(ulong value)
    {
        for (int shift = 0; shift < 64; shift += 8)
        {
            if (((value >> shift) & 0xFE) is 0x7C or 0x7E)
            {
                value ^= 0x40UL << shift;
            }
        }

        return value;
    }

    /// <summary>Appends an access.</summary>
    public void Add(Access access, ulong address, int size, ulong value = 0)
    {
        Span<byte> entry = stackalloc byte[EntryLength];
        BinaryPrimitives.WriteInt32LittleEndian(entry, Kind(access, size));
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], Clean(value));
        _list.AddRange(entry);
    }

    /// <summary>The guest's file.</summary>
    public byte[] Build()
    {
        Add(Access.End, 0, 1);
        return BareGuest.Build(Write, Start, [(ArenaStart, Arena), (ListStart, [.. _list])]);
    }

    private static int Kind(Access access, int size) => ((int)access * 4) + int.Log2(size);

    private static void Write(BareCode c)
    {
        Assembler a = c.A;
        a.mov(rdi, CanaryStart);
        a.mov(ecx, CanaryLength / 8);
        a.mov(rax, CanaryValue);
        a.rep.stosq();
        a.mov(rsi, ListStart);
        Label next = a.CreateLabel();
        Label end = a.CreateLabel();
        Label wait = a.CreateLabel();
        Label turn = a.CreateLabel();
        c.Place(ref next);
        a.mov(eax, __dword_ptr[rsi]);
        a.mov(rdi, __qword_ptr[rsi + 8]);
        a.mov(rbx, __qword_ptr[rsi + 16]);
        a.mov(edx, edi);
        a.add(rsi, EntryLength);
        a.cmp(eax, Kind(Access.End, 1));
        a.je(end);
        a.cmp(eax, Kind(Access.Wait, 1));
        a.je(wait);
        for (int size = 1; size <= 8; size *= 2)
        {
            foreach (Access access in new[] { Access.Write, Access.Read, Access.Output, Access.Input })
            {
                Label other = a.CreateLabel();
                a.cmp(eax, Kind(access, size));
                a.jne(other);
                a.mov(rax, rbx);
                Perform(a, access, size);
                a.jmp(next);
                c.Place(ref other);
            }
        }

        a.jmp(next);
        c.Place(ref wait);
        c.Place(ref turn);
        a.dec(rbx);
        a.jnz(turn);
        a.jmp(next);
        c.Place(ref end);
        a.mov(rdi, CanaryStart);
        a.mov(ecx, CanaryLength / 8);
        a.mov(rax, CanaryValue);
        a.repe.scasq();
        a.setne(al);
        a.movzx(eax, al);
        a.mov(ebp, eax);
        foreach ((ushort port, sbyte value) in new (ushort, sbyte)[] { (0x3FB, 3), (0x3F9, 0), (0x3FA, 0), (0x3FC, 0) })
        {
            a.mov(edx, port);
            a.mov(al, value);
            a.@out(dx, al);
        }

        a.mov(eax, ebp);
        c.Expect(0, "memory that no device was pointed to");
        c.End("ok");
    }

    private static void Perform(Assembler a, Access access, int size)
    {
        switch (access, size)
        {
            case (Access.Write, 1): a.mov(__[rdi], al); break;
            case (Access.Write, 2): a.mov(__[rdi], ax); break;
            case (Access.Write, 4): a.mov(__[rdi], eax); break;
            case (Access.Write, _): a.mov(__[rdi], rax); break;
            case (Access.Read, 1): a.mov(al, __[rdi]); break;
            case (Access.Read, 2): a.mov(ax, __[rdi]); break;
            case (Access.Read, 4): a.mov(eax, __[rdi]); break;
            case (Access.Read, _): a.mov(rax, __[rdi]); break;
            case (Access.Output, 1): a.@out(dx, al); break;
            case (Access.Output, 2): a.@out(dx, ax); break;
            case (Access.Output, _): a.@out(dx, eax); break;
            case (_, 1): a.@in(al, dx); break;
            case (_, 2): a.@in(ax, dx); break;
            default: a.@in(eax, dx); break;
        }
    }
}
