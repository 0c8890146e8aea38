using System.Buffers.Binary;
using Iced.Intel;
using Viaduct.Platform.Engines;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>
/// The guest of the bench, the same bytes for us and for the peer: it asks a port how often, does that often what its kind
/// is, and asks again. The loop runs at privilege level 3, which is native on every KVM; its interrupt handler is six
/// instructions.
/// </summary>
internal static class ExitGuest
{
    /// <summary>Bytes of memory, from address zero.</summary>
    internal const int Length = 0x20_0000;

    /// <summary>Where the guest reads how often, 4 bytes.</summary>
    internal const ushort ControlPort = 0x90;

    /// <summary>The register of port writes.</summary>
    internal const ushort RegisterPort = 0x94;

    /// <summary>The register that interrupts.</summary>
    internal const ushort InterruptPort = 0x98;

    /// <summary>The register of MMIO.</summary>
    internal const uint RegisterAddress = 0xC000_0000;

    /// <summary>The doorbell.</summary>
    internal const uint DoorbellAddress = 0xC000_1000;

    /// <summary>Where messages go: the local APIC with the ID zero.</summary>
    internal const uint MessageAddress = 0xFEE0_0000;

    /// <summary>The interrupt.</summary>
    internal const byte Vector = 0x45;

    private const int Tables = 0x1000;
    private const int Gdt = 0x3000;
    private const int IdtPointer = 0x3F00;
    private const int Idt = 0x4000;
    private const int Task = 0x5000;
    private const ulong TaskLength = 0x68;
    private const ulong PortBitmapLength = 0x20;
    private const int Counter = 0x6000;
    private const int Directories = 0x8000;
    private const int Code = 0x1_0000;
    private const int Stack = 0x8_0000;
    private const int InterruptStack = 0x7_0000;
    private const ushort KernelCode = 0x10;
    private const ushort UserData = 0x23;
    private const ushort UserCode = 0x2B;
    private const ushort TaskSelector = 0x30;

    /// <summary>The processor's registers at its first instruction.</summary>
    internal static CpuBootState Boot { get; } = new()
    {
        Mode = CpuMode.Long64,
        Rip = Code,
        Rsp = Stack,
        PageTable = Tables,
        GdtBase = Gdt,
        GdtLimit = TaskSelector + 15,
    };

    /// <summary>The bytes of memory that aren't zero, from address zero.</summary>
    internal static byte[] Build(ExitKind kind)
    {
        byte[] image = new byte[Stack];
        WriteTables(image);
        Assembler a = new(64);
        a.mov(eax, TaskSelector);
        a.ltr(ax);
        a.lidt(__[IdtPointer]);
        EnableApic(a);
        EnterUser(a);
        WriteLoop(a, kind);
        Label handler = a.CreateLabel();
        a.Label(ref handler);
        a.inc(__dword_ptr[Counter]);
        const int EndOfInterrupt = 0x80B;
        a.mov(ecx, EndOfInterrupt);
        a.xor(eax, eax);
        a.xor(edx, edx);
        a.wrmsr();
        a.iretq();
        using MemoryStream stream = new();
        AssemblerResult result = a.Assemble(new StreamCodeWriter(stream), Code, BlockEncoderOptions.ReturnNewInstructionOffsets);
        stream.GetBuffer().AsSpan(0, (int)stream.Length).CopyTo(image.AsSpan(Code));
        ulong target = result.GetLabelRIP(handler);
        Put(image, Idt + (Vector * 16), (target & 0xFFFF) | ((ulong)KernelCode << 16) | (0x8EUL << 40) | ((target >> 16) << 48));
        return image;
    }

    private static void Put(byte[] image, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(offset), value);

    // 4 GiB one to one, for user code too, in pages of 2 MiB, which every processor has; flat segments; a task for the
    // stack of interrupts.
    private static void WriteTables(byte[] image)
    {
        const ulong UserTable = 7;
        const ulong UserLargePage = 0x87;
        const int Gibibytes = 4;
        Put(image, Tables, (Tables + 0x1000) | UserTable);
        for (int i = 0; i < Gibibytes; i++)
        {
            Put(image, Tables + 0x1000 + (i * 8), (ulong)(Directories + (i * 0x1000)) | UserTable);
        }

        for (int i = 0; i < Gibibytes * 512; i++)
        {
            Put(image, Directories + (i * 8), ((ulong)i << 21) | UserLargePage);
        }

        Put(image, Gdt + KernelCode, 0x00AF_9B00_0000_FFFF);
        Put(image, Gdt + 0x18, 0x00CF_9300_0000_FFFF);
        Put(image, Gdt + (UserData & ~7), 0x00CF_F300_0000_FFFF);
        Put(image, Gdt + (UserCode & ~7), 0x00AF_FB00_0000_FFFF);
        Put(image, Gdt + TaskSelector, (TaskLength + PortBitmapLength - 1) | ((ulong)Task << 16) | (0x89UL << 40));
        Put(image, Task + 4, InterruptStack);

        // The ports are user code's: there are KVMs that look here, whatever the I/O privilege level.
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(Task + 0x66), (ushort)TaskLength);
        Put(image, IdtPointer, 0xFFF | ((ulong)Idt << 16));
    }

    // x2APIC, so that the end of an interrupt is no access to memory.
    private static void EnableApic(Assembler a)
    {
        const int ApicBase = 0x1B;
        const int Spurious = 0x80F;
        a.mov(ecx, ApicBase);
        a.rdmsr();
        a.or(eax, 0xC00);
        a.wrmsr();
        a.mov(ecx, Spurious);
        a.mov(eax, 0x1FF);
        a.xor(edx, edx);
        a.wrmsr();
    }

    private static void EnterUser(Assembler a)
    {
        const int InterruptsAndPorts = 0x3202;
        Label user = a.CreateLabel();
        a.push(UserData);
        a.push(Stack);
        a.push(InterruptsAndPorts);
        a.push(UserCode);
        a.lea(rax, __[user]);
        a.push(rax);
        a.iretq();
        a.Label(ref user);
        a.xor(r9d, r9d);
    }

    private static void WriteLoop(Assembler a, ExitKind kind)
    {
        Label next = a.CreateLabel();
        Label again = a.CreateLabel();
        Label waits = a.CreateLabel();
        a.Label(ref next);
        a.mov(edx, ControlPort);
        a.@in(eax, dx);
        a.test(eax, eax);
        a.jz(next);
        a.mov(r10d, eax);
        a.Label(ref again);
        switch (kind)
        {
            case ExitKind.PortWrite:
                a.mov(edx, RegisterPort);
                a.@out(dx, eax);
                break;
            case ExitKind.MmioWrite:
                a.mov(edi, RegisterAddress);
                a.mov(__[rdi], eax);
                break;
            case ExitKind.MmioRead:
                a.mov(edi, RegisterAddress);
                a.mov(eax, __[rdi]);
                break;
            case ExitKind.Doorbell:
                a.mov(edi, DoorbellAddress);
                a.mov(__[rdi], eax);
                break;
            default:
                a.mov(edx, InterruptPort);
                a.@out(dx, eax);
                a.Label(ref waits);
                a.cmp(__[Counter], r9d);
                a.je(waits);
                a.inc(r9d);
                break;
        }

        a.dec(r10d);
        a.jnz(again);
        a.jmp(next);
    }
}
