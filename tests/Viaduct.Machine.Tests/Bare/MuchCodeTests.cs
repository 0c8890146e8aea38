using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>A guest with code on more pages than a processor keeps decoded, so that it drops all, and again.</summary>
public sealed class MuchCodeTests
{
    // A processor keeps 8192 pages of code at most.
    private const int Pages = 9000;
    private const int Rounds = 2;

    // Enough for blocks to be translated.
    private const int Calls = 40;
    private const ulong Start = 4 << 20;

    [Fact]
    public void CodeOnMorePagesThanAreKept_IsRunRight() => BareMachine.RunWell(static c =>
    {
        Assembler a = c.A;
        Label write = a.CreateLabel();
        Label round = a.CreateLabel();
        Label page = a.CreateLabel();
        Label call = a.CreateLabel();
        a.mov(edi, (int)Start);
        a.xor(ecx, ecx);
        c.Place(ref write);

        // ADD R12, number; RET, each in another place of its page.
        a.mov(__dword_ptr[rdi], 0x00C4_8149);
        a.mov(__dword_ptr[rdi + 3], ecx);
        a.mov(__byte_ptr[rdi + 7], 0xC3);
        a.add(edi, 4096 + 8);
        a.inc(ecx);
        a.test(ecx, 127);
        Label same = a.CreateLabel();
        a.jnz(same);
        a.sub(edi, 128 * 8);
        c.Place(ref same);
        a.cmp(ecx, Pages);
        a.jb(write);
        a.xor(r12d, r12d);
        a.mov(r13d, Rounds);
        c.Place(ref round);
        a.mov(edi, (int)Start);
        a.xor(ecx, ecx);
        c.Place(ref page);
        a.mov(ebx, Calls);
        c.Place(ref call);
        a.call(rdi);
        a.dec(ebx);
        a.jnz(call);
        a.add(edi, 4096 + 8);
        a.inc(ecx);
        a.test(ecx, 127);
        Label alike = a.CreateLabel();
        a.jnz(alike);
        a.sub(edi, 128 * 8);
        c.Place(ref alike);
        a.cmp(ecx, Pages);
        a.jb(page);
        a.dec(r13d);
        a.jnz(round);
        a.mov(rax, r12);
        c.Expect((ulong)Pages * (Pages - 1) / 2 * Calls * Rounds, "sum");
        c.End("ok");
    });
}
