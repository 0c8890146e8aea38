using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>Locked operations of several processors on the same bytes: none is lost, wherever the bytes lie.</summary>
public sealed class AtomicTests
{
    private const int Rounds = 3000;
    private const int Processors = 4;

    // Its neighbour in the window is at Data, so that two pages next to each other are none in memory.
    private const ulong Other = ProcessorsMachine.Data + 0x8000;

    private const ulong FunctionOnPage = ProcessorsMachine.Code + 0x9800;

    public static TheoryData<string, ulong, bool> Places()
    {
        TheoryData<string, ulong, bool> data = [];
        foreach (bool translates in (bool[])[false, true])
        {
            data.Add("aligned", ProcessorsMachine.Data, translates);
            data.Add("across cache lines", ProcessorsMachine.Data + 61, translates);
            data.Add("across pages", ProcessorsMachine.Data + 0x1000 - 3, translates);
            data.Add("across pages that are far apart", ProcessorsMachine.Window + 0x1000 - 3, translates);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void LockedAdditions_AreAllThere(string where, ulong place, bool translates) =>
        Assert.Equal(Rounds * Processors * 7UL, Sum(place, translates, where, code =>
        {
            code.@lock.add(__qword_ptr[r14], 3);
            code.@lock.inc(__qword_ptr[r14]);
            code.mov(eax, 2);
            code.@lock.xadd(__qword_ptr[r14], rax);
            code.@lock.sub(__qword_ptr[r14], r15);
        }));

    [Theory]
    [MemberData(nameof(Places))]
    public void CompareExchangeLoops_LoseNothing(string where, ulong place, bool translates) =>
        Assert.Equal(Rounds * (ulong)Processors, Sum(place, translates, where, code =>
        {
            Label again = code.CreateLabel();
            code.mov(rax, __qword_ptr[r14]);
            code.Label(ref again);
            code.lea(rdx, __[rax + 1]);
            code.@lock.cmpxchg(__qword_ptr[r14], rdx);
            code.jne(again);
        }));

    [Theory]
    [MemberData(nameof(Places))]
    public void CompareExchangeOf8Bytes_LosesNothing(string where, ulong place, bool translates) =>
        Assert.Equal(Rounds * (ulong)Processors, Sum(place, translates, where, code =>
        {
            Label again = code.CreateLabel();
            code.mov(eax, __dword_ptr[r14]);
            code.mov(edx, __dword_ptr[r14 + 4]);
            code.Label(ref again);
            code.mov(ebx, eax);
            code.mov(ecx, edx);
            code.add(ebx, 1);
            code.adc(ecx, 0);
            code.@lock.cmpxchg8b(__qword_ptr[r14]);
            code.jne(again);
        }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CompareExchangeOf16Bytes_KeepsBothHalvesTogether(bool translates) =>
        Assert.Equal(Rounds * (ulong)Processors, Sum(ProcessorsMachine.Data, translates, "aligned", code =>
        {
            Label again = code.CreateLabel();
            Label torn = code.CreateLabel();
            code.xor(eax, eax);
            code.xor(edx, edx);
            code.Label(ref again);
            code.lea(rbx, __[rax + 1]);
            code.lea(rcx, __[rdx + 1]);
            code.@lock.cmpxchg16b(__xmmword_ptr[r14]);
            code.jne(again);
            code.cmp(rax, rdx);
            code.je(torn);
            code.mov(__qword_ptr[r14], 0);
            code.Label(ref torn);
        }));

    [Theory]
    [MemberData(nameof(Places))]
    public void BitsAndExchanges_GuardWhatIsBehindThem(string where, ulong place, bool translates) =>
        Assert.Equal(Rounds * (ulong)Processors, Sum(place, translates, where, code =>
        {
            // A lock by XCHG around a lock by BTS around a plain count.
            Label first = code.CreateLabel();
            Label second = code.CreateLabel();
            Label firstTaken = code.CreateLabel();
            Label secondTaken = code.CreateLabel();
            code.Label(ref first);
            code.mov(eax, 1);
            code.xchg(__dword_ptr[r14 + 16], eax);
            code.test(eax, eax);
            code.jz(firstTaken);
            code.pause();
            code.jmp(first);
            code.Label(ref firstTaken);
            code.nop();
            code.Label(ref second);
            code.@lock.bts(__dword_ptr[r14 + 24], 5);
            code.jnc(secondTaken);
            code.pause();
            code.jmp(second);
            code.Label(ref secondTaken);
            code.mov(rax, __qword_ptr[r14]);
            code.inc(rax);
            code.mov(__qword_ptr[r14], rax);
            code.@lock.btr(__dword_ptr[r14 + 24], 5);
            code.mov(__dword_ptr[r14 + 16], 0);
        }));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OnAPageOfCode_TooNothingIsLost(bool translates) =>
        Assert.Equal(Rounds * (ulong)Processors, Sum(ProcessorsMachine.Code + 0x9000, translates, "code", code =>
        {
            // A function on the page of the word.
            code.mov(eax, (int)FunctionOnPage);
            code.call(rax);
            code.@lock.inc(__qword_ptr[r14]);
        }));

    private static ulong Sum(ulong place, bool translates, string where, Action<Assembler> round)
    {
        using ProcessorsMachine machine = new(Processors, translates);
        machine.Put(FunctionOnPage, 64, static code => code.ret());
        machine.Map(0, Other);
        machine.Map(1, ProcessorsMachine.Data);
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            code.mov(r14, place);
            code.mov(r15d, -1);
            code.movsxd(r15, r15d);
            code.mov(r12d, Rounds);
            code.Label(ref again);
            code.nop();
            round(code);
            code.dec(r12d);
            code.jnz(again);
        });
        return Read(machine, place, where);
    }

    private static ulong Read(ProcessorsMachine machine, ulong place, string where)
    {
        const int InFirst = 3;
        if (place < ProcessorsMachine.Window)
        {
            return machine[place];
        }

        Assert.Contains("apart", where, StringComparison.Ordinal);
        ulong low = machine[Other + 0x1000 - InFirst] & ((1UL << (InFirst * 8)) - 1);
        return low | (machine[ProcessorsMachine.Data] << (InFirst * 8));
    }
}
