using System.Buffers.Binary;
using Iced.Intel;
using Viaduct.Machine.GuestParts;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Cli.Bench.Workloads;

/// <summary>
/// Static programs of a few instructions, for what busybox can't do without doing much besides: x86-64 ELF files of one
/// segment (System V ABI, chapters 4 and 5), made here.
/// </summary>
internal static class TinyProgram
{
    internal const string SystemCalls = "bench-syscalls";
    internal const string PageFaults = "bench-faults";
    internal const string ContextSwitches = "bench-switches";

    private const int CallCount = 1_000_000;
    private const int FaultRounds = 200;
    private const int FaultPages = 1024;
    private const int RoundTrips = 100_000;

    private const ulong Base = 0x400000;
    private const int FileHeader = 64;
    private const int ProgramHeader = 56;
    private const int Headers = FileHeader + ProgramHeader;

    // Linux's numbers for x86-64.
    private const int Read = 0;
    private const int Write = 1;
    private const int Map = 9;
    private const int Unmap = 11;
    private const int Pipe = 22;
    private const int Advise = 28;
    private const int Fork = 57;
    private const int Exit = 60;
    private const int ParentId = 110;
    private const int SetAffinity = 203;

    /// <summary>All of them, as files of a RAM disk.</summary>
    internal static IReadOnlyList<RamDiskFile> Files() =>
    [
        File(SystemCalls, MakeSystemCalls),
        File(PageFaults, MakePageFaults),
        File(ContextSwitches, MakeContextSwitches),
    ];

    private static RamDiskFile File(string name, Action<Assembler> make)
    {
        Assembler code = new(64);
        make(code);
        using MemoryStream stream = new();
        code.Assemble(new StreamCodeWriter(stream), Base + Headers);
        return new RamDiskFile("bin/" + name, Wrap(stream.ToArray()), Executable: true);
    }

    private static byte[] Wrap(byte[] code)
    {
        byte[] file = new byte[Headers + code.Length];
        Span<byte> header = file;
        "\u007fELF"u8.CopyTo(header);
        header[4] = 2; // 64-bit
        header[5] = 1; // little-endian
        header[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(header[16..], 2); // executable
        BinaryPrimitives.WriteUInt16LittleEndian(header[18..], 62); // x86-64
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], Base + Headers);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], FileHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(header[52..], FileHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(header[54..], ProgramHeader);
        BinaryPrimitives.WriteUInt16LittleEndian(header[56..], 1);

        Span<byte> segment = header[FileHeader..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // loaded
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // readable, executable
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 4096);
        code.CopyTo(header[Headers..]);
        return file;
    }

    private static void MakeSystemCalls(Assembler code)
    {
        Label again = code.CreateLabel();
        code.mov(ebp, CallCount);
        code.Label(ref again);
        Call(code, ParentId);
        code.dec(ebp);
        code.jne(again);
        Leave(code);
    }

    // Maps memory, touches each page, unmaps it.
    private static void MakePageFaults(Assembler code)
    {
        const int ReadWrite = 3;
        const int PrivateAnonymous = 0x22;
        const int NoHugePage = 15;
        Label round = code.CreateLabel();
        Label touch = code.CreateLabel();
        code.mov(ebp, FaultRounds);
        code.Label(ref round);
        code.xor(edi, edi);
        code.mov(esi, FaultPages * 4096);
        code.mov(edx, ReadWrite);
        code.mov(r10d, PrivateAnonymous);
        code.mov(r8, -1);
        code.xor(r9d, r9d);
        Call(code, Map);
        code.mov(rbx, rax);
        code.mov(rdi, rbx);
        code.mov(edx, NoHugePage);
        Call(code, Advise);
        code.mov(rdi, rbx);
        code.mov(ecx, FaultPages);
        code.Label(ref touch);
        code.mov(__byte_ptr[rdi], 1);
        code.add(rdi, 4096);
        code.dec(ecx);
        code.jne(touch);
        code.mov(rdi, rbx);
        Call(code, Unmap);
        code.dec(ebp);
        code.jne(round);
        Leave(code);
    }

    // Two processes on one processor hand a byte to and fro.
    private static void MakeContextSwitches(Assembler code)
    {
        Label child = code.CreateLabel();
        Label parentAgain = code.CreateLabel();
        code.sub(rsp, 64);
        code.mov(__qword_ptr[rsp + 32], 1);
        code.xor(edi, edi);
        code.mov(esi, 8);
        code.lea(rdx, __[rsp + 32]);
        Call(code, SetAffinity);
        code.mov(rdi, rsp);
        Call(code, Pipe);
        code.lea(rdi, __[rsp + 8]);
        Call(code, Pipe);
        code.mov(ebp, RoundTrips);
        Call(code, Fork);
        code.test(eax, eax);
        code.je(child);

        code.Label(ref parentAgain);
        MoveByte(code, Write, 4);
        MoveByte(code, Read, 8);
        code.dec(ebp);
        code.jne(parentAgain);
        Leave(code);

        code.Label(ref child);
        MoveByte(code, Read, 0);
        MoveByte(code, Write, 12);
        code.dec(ebp);
        code.jne(child);
        Leave(code);
    }

    private static void MoveByte(Assembler code, int call, int descriptor)
    {
        code.mov(edi, __dword_ptr[rsp + descriptor]);
        code.lea(rsi, __[rsp + 16]);
        code.mov(edx, 1);
        Call(code, call);
    }

    private static void Call(Assembler code, int number)
    {
        code.mov(eax, number);
        code.syscall();
    }

    private static void Leave(Assembler code)
    {
        code.xor(edi, edi);
        Call(code, Exit);
    }
}
