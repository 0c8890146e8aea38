using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.Tests.FloatingPoint;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Vectors;

/// <summary>Every SSE and MMX instruction between registers, carried out by the interpreter, against the host's CPU.</summary>
public sealed unsafe class InterpretedSseTests
{
    private const int Seed = 7301;
    private const int Rounds = 300;

    [Fact]
    public void FloatInstructions_ThroughTheInterpreter_MatchHost() => CheckAll(SseFloatCases.All);

    [Fact]
    public void ConvertInstructions_ThroughTheInterpreter_MatchHost() => CheckAll(SseConvertCases.All);

    [Fact]
    public void IntegerInstructions_ThroughTheInterpreter_MatchHost() => CheckAll(SseIntegerCases.All);

    private static void CheckAll(SseCase[] cases)
    {
        Assert.SkipUnless(HostCode.IsSupported, "The oracle is an x86-64 host; this one is not.");
        using VectorMachine machine = new();
        List<string> failures = [];
        foreach (SseCase one in cases)
        {
            if (Check(machine, one) is { } failure)
            {
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    private static string? Check(VectorMachine machine, SseCase one)
    {
        using HostCode host = new(a => Emit(a, one.Host, true));
        int count = machine.Assemble(a => Emit(a, one.Host, false));
        InterestingValues values = new(Seed);
        for (int i = 0; i < Rounds; i++)
        {
            SseContext before = new()
            {
                Mxcsr = values.Mxcsr(),
                Gpr = values.Integer(),
                A = values.Vector(one.Shape),
                B = values.Vector(one.Shape),
                MmxA = values.Integer(),
                MmxB = values.Integer(),
            };
            SseContext expected = before;
            host.Run(&expected);
            *(SseContext*)machine.Bytes = before;
            machine.State->Registers[7] = VectorMachine.Data;
            int fault = machine.Run(count);
            SseContext actual = *(SseContext*)machine.Bytes;
            if (fault >= 0 || !Same(in actual, in expected))
            {
                return $"{one.Name} round {i}: fault {fault}, A {actual.A} for {expected.A}, RAX {actual.Gpr:x} for {expected.Gpr:x},"
                    + $" MM0 {actual.MmxA:x} for {expected.MmxA:x}, MXCSR {actual.Mxcsr:x} for {expected.Mxcsr:x},"
                    + $" RFLAGS {actual.Flags & 0xD5:x} for {expected.Flags & 0xD5:x}";
            }
        }

        return null;
    }

    private static bool Same(in SseContext x, in SseContext y) =>
        x.A == y.A && x.Gpr == y.Gpr && ((x.Flags ^ y.Flags) & 0x8D5) == 0 && x.MmxA == y.MmxA && x.Mxcsr == y.Mxcsr;

    private static void Emit(Assembler a, Action<Assembler> instruction, bool returns)
    {
        a.stmxcsr(__dword_ptr[rdi + 72]);
        a.ldmxcsr(__dword_ptr[rdi]);
        a.movdqu(xmm0, __xmmword_ptr[rdi + 16]);
        a.movups(xmm1, __xmmword_ptr[rdi + 32]);
        a.movq(mm0, __qword_ptr[rdi + 56]);
        a.movq(mm1, __qword_ptr[rdi + 64]);
        a.mov(rax, __qword_ptr[rdi + 8]);
        a.xor(ecx, ecx);
        instruction(a);
        a.pushfq();
        a.pop(rcx);
        a.mov(__qword_ptr[rdi + 48], rcx);
        a.movdqu(__xmmword_ptr[rdi + 16], xmm0);
        a.movq(__qword_ptr[rdi + 56], mm0);
        a.mov(__qword_ptr[rdi + 8], rax);
        a.stmxcsr(__dword_ptr[rdi]);
        a.ldmxcsr(__dword_ptr[rdi + 72]);
        a.emms();
        if (returns)
        {
            a.ret();
        }
    }
}
