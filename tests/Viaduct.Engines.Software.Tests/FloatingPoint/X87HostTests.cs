using System.Runtime.InteropServices;
using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>
/// x87 instructions, decoded from their bytes, against the host's FPU: registers, tags, control and status words,
/// memory, RFLAGS. Exceptions are masked or not at random: one that is not stays pending, and FNSAVE shows it.
/// </summary>
public sealed unsafe class X87HostTests
{
    private const int Seed = 8087;

    [Fact]
    public void Instructions_RandomStates_MatchHost()
    {
        Assert.SkipUnless(HostCode.IsSupported, "The oracle is an x86-64 host; this one is not.");
        var failures = new List<string>();
        foreach (var (name, emit) in X87Cases.Exact)
        {
            if (Check(name, emit, 2_500, 0) is { } failure)
            {
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    [Fact]
    public void Transcendentals_RandomStates_MatchHostWithinOneUlp()
    {
        Assert.SkipUnless(HostCode.IsSupported, "The oracle is an x86-64 host; this one is not.");
        var failures = new List<string>();
        foreach (var (name, emit) in X87Cases.Transcendental)
        {
            if (Check(name, emit, 2_500, 1) is { } failure)
            {
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join(Environment.NewLine, failures));
    }

    private static string? Check(string name, Action<Assembler> emit, int count, int ulps)
    {
        using var host = new HostCode(a => Emit(a, emit));
        var operation = Decode(emit);
        var values = new X87Values(Seed);
        var wrong = 0;
        var first = "";
        for (var i = 0; i < count; i++)
        {
            var image = values.Image(operation.Format);
            var start = image;
            if (X87Cases.IsUndefined(operation.Kind, in image))
            {
                continue;
            }

            host.Run(&image);
            var ours = Emulate(start, in operation);
            if (X87Difference.Find(in image, in ours, in operation, ulps) is { } difference && wrong++ == 0)
            {
                first = $" case {i}: {difference}{Environment.NewLine}{X87Difference.Describe(in start, in image, in ours)}";
            }
        }

        return wrong == 0 ? null : $"{name}: {wrong} of {count},{first}";
    }

    private static X87Operation Decode(Action<Assembler> emit)
    {
        var assembler = new Assembler(64);
        emit(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), 0);
        var code = stream.ToArray();
        var instruction = Decoder.Create(64, code).Decode();
        Assert.True(X87Decoder.TryDecode(in instruction, X87Decoder.OpcodeOf(code), out var operation));
        Assert.Equal(operation, X87Operation.FromBits(operation.ToBits()));
        return operation;
    }

    private static X87Image Emulate(X87Image image, in X87Operation operation)
    {
        var state = default(X87State);
        var context = new X87Context { Flags = (uint)image.Flags, Ax = (ushort)image.Rax };
        var load = new X87Operation { Kind = X87Kind.RestoreState, Format = X87Format.State32 };
        X87Unit.Execute(ref state, in load, new Span<byte>(image.Before, X87Image.StateSize), ref context);
        Span<byte> operand = stackalloc byte[128];
        new Span<byte>(image.Memory, 128).CopyTo(operand);
        var outcome = X87Unit.Execute(ref state, in operation, operand[..operation.MemorySize], ref context);
        Assert.NotEqual(X87Outcome.PendingException, outcome);
        if (operation.Stores && outcome == X87Outcome.Done)
        {
            operand.CopyTo(new Span<byte>(image.Memory, 128));
        }

        image.Flags = context.Flags;
        image.Rax = context.Ax;
        var save = new X87Operation { Kind = X87Kind.SaveState, Format = X87Format.State32 };
        X87Unit.Execute(ref state, in save, new Span<byte>(image.After, X87Image.StateSize), ref context);
        return image;
    }

    // The instructions' memory operand is [rdi+256].
    private static void Emit(Assembler a, Action<Assembler> instruction)
    {
        a.mov(rax, __qword_ptr[rdi + 392]);
        a.frstor(__[rdi]);
        a.push(__qword_ptr[rdi + 384]);
        a.popfq();
        instruction(a);
        a.pushfq();
        a.pop(rcx);
        a.fnsave(__[rdi + 128]);
        a.mov(__qword_ptr[rdi + 384], rcx);
        a.mov(__qword_ptr[rdi + 392], rax);
        a.fninit();
        a.ret();
    }
}
