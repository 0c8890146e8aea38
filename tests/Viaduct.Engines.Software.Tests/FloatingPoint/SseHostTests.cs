using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Every SSE and MMX computation against the host's CPU.</summary>
public sealed unsafe class SseHostTests
{
    private const int Seed = 20261;

    [Fact]
    public void FloatInstructions_RandomOperands_MatchHost() => CheckAll(SseFloatCases.All, 8_000);

    [Fact]
    public void ConvertInstructions_RandomOperands_MatchHost() => CheckAll(SseConvertCases.All, 8_000);

    [Fact]
    public void IntegerInstructions_RandomOperands_MatchHost() => CheckAll(SseIntegerCases.All, 1_500);

    private static void CheckAll(SseCase[] cases, int count)
    {
        Assert.SkipUnless(HostCode.IsSupported, "The oracle is an x86-64 host; this one is not.");
        var failures = new List<string>();
        foreach (var one in cases)
        {
            if (Check(one, count) is { } failure)
            {
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    private static string? Check(SseCase one, int count)
    {
        using var host = new HostCode(a => Emit(a, one.Host));
        var values = new InterestingValues(Seed);
        for (var i = 0; i < count; i++)
        {
            var before = new SseContext
            {
                Mxcsr = values.Mxcsr(),
                Gpr = values.Integer(),
                A = values.Vector(one.Shape),
                B = values.Vector(one.Shape),
                MmxA = values.Integer(),
                MmxB = values.Integer(),
            };
            var expected = before;
            host.Run(&expected);
            var actual = before;
            var status = new FloatStatus(actual.Mxcsr);
            one.Engine(ref actual, ref status);
            var written = status.Commit(ref actual.Mxcsr);
            actual.Flags |= expected.Flags & ~0x45UL;
            if (!one.Name.Contains("comi", StringComparison.Ordinal))
            {
                actual.Flags = expected.Flags;
            }

            if (!written || !Same(in actual, in expected))
            {
                return $"{one.Name} case {i}:{Environment.NewLine} from {Text(in before)}{Environment.NewLine}"
                    + $" host {Text(in expected)}{Environment.NewLine} ours {Text(in actual)}";
            }
        }

        return null;
    }

    private static bool Same(in SseContext x, in SseContext y) =>
        x.A == y.A && x.Gpr == y.Gpr && x.Flags == y.Flags && x.MmxA == y.MmxA && x.Mxcsr == y.Mxcsr;

    private static string Text(in SseContext c) =>
        $"mxcsr {c.Mxcsr:x4} a {c.A.AsUInt64().GetElement(1):x16}'{c.A.AsUInt64().ToScalar():x16}"
        + $" b {c.B.AsUInt64().GetElement(1):x16}'{c.B.AsUInt64().ToScalar():x16}"
        + $" gpr {c.Gpr:x} mm0 {c.MmxA:x} mm1 {c.MmxB:x} flags {c.Flags & 0x45:x}";

    private static void Emit(Assembler a, Action<Assembler> instruction)
    {
        a.stmxcsr(__dword_ptr[rdi + 72]);
        a.ldmxcsr(__dword_ptr[rdi]);
        a.movdqu(xmm0, __xmmword_ptr[rdi + 16]);
        a.movdqu(xmm1, __xmmword_ptr[rdi + 32]);
        a.movq(mm0, __qword_ptr[rdi + 56]);
        a.movq(mm1, __qword_ptr[rdi + 64]);
        a.mov(rax, __qword_ptr[rdi + 8]);
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
        a.ret();
    }
}
