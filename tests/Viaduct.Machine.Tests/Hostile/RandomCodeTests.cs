using System.Buffers.Binary;
using Iced.Intel;
using Viaduct.Machine.Tests.Bare;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>
/// Random bytes as code, at privilege 0 and 3, with random registers, over a whole machine: whatever comes of it comes to
/// the guest. After each fault or timer interrupt it goes on elsewhere. A long run by hand:
/// <c>VIADUCT_HOSTILE_CASES=100000 VIADUCT_SEED=1 ./test --filter RandomCode</c>; a failure names its seed.
/// </summary>
public sealed class RandomCodeTests
{
    private const ulong CodeStart = 0x100_0000;
    private const int Places = 256;
    private const int PlaceLength = 96;
    private const ulong ValuesStart = 0x180_0000;
    private const uint CounterAddress = 0x1F0_0000;
    private const byte TimerVector = 0x1E;
    private const uint Apic = 0xFEE0_0000;

    private static readonly ulong[] _addresses =
    [
        0, 1, 0xFF8, CodeStart, CodeStart + 0xFFE, ValuesStart, 0x3FF_FFF8, 0x3FF_FFFF, 0x400_0000, 0xB8000, 0xC000_0000, 0xE000_0000,
        0xE000_8000, 0xE010_0010, 0xFEC0_0010, 0xFEE0_0300, 0xFED0_0000, 0xFFFF_FFFC, 0x10_0000_0000, 0x7F_FFFF_FFF8, 0x7FFF_FFFF_FFFC,
        0x8000_0000_0000, 0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_FFF9, 0x3F8, 0xCF8, 0x604,
    ];

    // What makes bytes more often into instructions: prefixes, escapes, and the frequent one-byte forms.
    private static readonly byte[] _starts =
    [
        0x0F, 0x0F, 0x0F, 0x66, 0xF2, 0xF3, 0xF0, 0x48, 0x4C, 0x41, 0x67, 0x64, 0x65, 0x89, 0x8B, 0xFF, 0xF7, 0xD9, 0xDB, 0xDD, 0xDF, 0xA4,
        0xA5, 0xAB, 0xCF, 0xCB, 0xC8, 0xC9, 0xCD, 0x8E, 0x63, 0xE8, 0xEB, 0xC1, 0xD3, 0xFB, 0xFA, 0x6C, 0x6F, 0xE4, 0xE7, 0xEC, 0xEF, 0x9D,
    ];

    [Fact]
    public void AnyBytesAsCode_NeitherStopTheMonitorNorHangIt() => HostileCases.Check(40, Case);

    private static void Case(int seed)
    {
        using HostileDisk disk = new();
        Random random = new(seed);
        byte[] kernel = BareGuest.Build(c => Write(c, random), data: [(CodeStart, Data(random))], ownStack: true);
        using BareMachine bare = new(kernel, disks: [disk.Emulated, disk.Paravirtual]);
        bare.Machine.Start();

        // Most end themselves; some halt for good or loop with interrupts off.
        _ = bare.Machine.Exited.Wait(TimeSpan.FromMilliseconds(100));
        bare.Machine.Stop();
        bare.Dispose();
        MachineExit exit = bare.Machine.Exited.Result;
        Assert.True(exit.Reason != MachineExitReason.InternalError, $"seed {seed}: {exit.Description}");
    }

    private static void Write(BareCode c, Random random)
    {
        bool user = random.Next(2) == 0;
        Label next = c.A.CreateLabel();
        Label go = c.A.CreateLabel();
        c.A.jmp(next);
        for (byte vector = 0; vector < 32; vector++)
        {
            c.Handler(vector);
        }

        c.Place(ref next);
        c.A.mov(rsp, BareGuest.DefaultBase + BareGuest.StackOffset);
        c.A.mov(edi, Apic);
        c.A.mov(__dword_ptr[rdi + 0xF0], 0x1FF);
        c.A.mov(__dword_ptr[rdi + 0xB0], 0);
        c.A.mov(__dword_ptr[rdi + 0x3E0], 0xB);
        c.A.mov(__dword_ptr[rdi + 0x320], TimerVector);
        c.A.mov(__dword_ptr[rdi + 0x380], 200_000);
        c.A.mov(ebx, CounterAddress);
        c.A.mov(eax, __[rbx]);
        c.A.inc(__dword_ptr[rbx]);
        c.A.cmp(eax, Places);
        c.A.jb(go);
        c.PowerOff();
        c.Place(ref go);
        c.A.imul(ecx, eax, PlaceLength);
        c.A.add(ecx, (int)CodeStart);
        c.A.shl(eax, 7);
        c.A.add(eax, (int)ValuesStart);
        c.A.mov(rsp, rax);
        Enter(c, user, interrupts: random.Next(8) != 0);
    }

    // RCX is where; RSP is at the place's values: fifteen registers, then the stack pointer.
    private static void Enter(BareCode c, bool user, bool interrupts)
    {
        c.A.mov(rax, rsp);
        c.A.mov(rsp, BareGuest.DefaultBase + BareGuest.StackOffset);
        c.A.push(user ? BareGuest.UserDataSelector : 0x18);
        c.A.push(__qword_ptr[rax + 120]);
        c.A.push(interrupts ? 0x202 : 2);
        c.A.push(user ? BareGuest.UserCodeSelector : BareGuest.CodeSelector);
        c.A.push(rcx);
        AssemblerRegister64[] registers = [rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15];
        for (int i = 0; i < registers.Length; i++)
        {
            c.A.mov(registers[i], __qword_ptr[rax + (i * 8)]);
        }

        c.A.fninit();
        c.A.mov(rax, __qword_ptr[rax + 112]);
        c.A.iretq();
    }

    private static byte[] Data(Random random)
    {
        byte[] data = new byte[(int)(ValuesStart - CodeStart) + (Places * 128)];
        Span<byte> code = data.AsSpan(0, Places * PlaceLength);
        random.NextBytes(code);
        for (int i = 0; i < code.Length; i += random.Next(1, 6))
        {
            code[i] = random.Next(3) == 0 ? code[i] : _starts[random.Next(_starts.Length)];
        }

        Span<byte> values = data.AsSpan((int)(ValuesStart - CodeStart));
        random.NextBytes(values);
        for (int i = 0; i + 8 <= values.Length; i += 8)
        {
            ulong value = random.Next(4) switch
            {
                0 => _addresses[random.Next(_addresses.Length)],
                1 => (ulong)random.Next(0x400_0000),
                2 => (ulong)random.Next(64),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(values[i..]) >> random.Next(64),
            };
            BinaryPrimitives.WriteUInt64LittleEndian(values[i..], value);
        }

        return data;
    }
}
