using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Processors;

/// <summary>What two processors may see of each other's stores (Intel SDM vol. 3A 9.2.3), by litmus tests.</summary>
public sealed class OrderTests
{
    private const int Rounds = 3000;
    private const ulong X = ProcessorsMachine.Data;
    private const ulong Y = ProcessorsMachine.Data + 0x100;
    private const ulong Results = ProcessorsMachine.Data + 0x200;
    private const ulong Forbidden = ProcessorsMachine.Data + 0x300;
    private const ulong Barrier = ProcessorsMachine.Data + 0x400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void StoresBecomeVisibleInOrder(bool translates) => Litmus(
        translates,
        static code =>
        {
            code.mov(__dword_ptr[X], 1);
            code.mov(__dword_ptr[Y], 1);
        },
        static code =>
        {
            code.mov(r8d, __dword_ptr[Y]);
            code.mov(r9d, __dword_ptr[X]);

            // Seen the second store and not the first.
            code.xor(r9d, 1);
            code.and(r8d, r9d);
            code.add(__dword_ptr[Forbidden], r8d);
        },
        static code => { });

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void AFenceOrLock_LetsNoLoadPassAStore(bool translates, bool locked)
    {
        Litmus(translates, code => Half(code, X, Y, 0), code => Half(code, Y, X, 8), static code =>
        {
            // Neither saw the other's store.
            code.mov(r8d, __dword_ptr[Results]);
            code.or(r8d, __dword_ptr[Results + 8]);
            code.xor(r8d, 1);
            code.add(__dword_ptr[Forbidden], r8d);
        });

        void Half(Assembler code, ulong store, ulong load, int result)
        {
            if (locked)
            {
                code.mov(eax, 1);
                code.xchg(__dword_ptr[store], eax);
            }
            else
            {
                code.mov(__dword_ptr[store], 1);
                code.mfence();
            }

            code.mov(eax, __dword_ptr[load]);
            code.mov(__dword_ptr[Results + (ulong)result], eax);
        }
    }

    private static void Litmus(bool translates, Action<Assembler> first, Action<Assembler> second, Action<Assembler> check)
    {
        using ProcessorsMachine machine = new(2, translates);
        machine.Run(code =>
        {
            Label again = code.CreateLabel();
            Label isSecond = code.CreateLabel();
            Label done = code.CreateLabel();
            Label unchecked_ = code.CreateLabel();
            code.mov(r12d, Rounds);
            code.Label(ref again);
            machine.EmitBarrier(code, Barrier);
            code.test(edi, edi);
            code.jnz(isSecond);
            first(code);
            code.jmp(done);
            code.Label(ref isSecond);
            second(code);
            code.Label(ref done);
            machine.EmitBarrier(code, Barrier);
            code.test(edi, edi);
            code.jnz(unchecked_);
            check(code);
            code.mov(__dword_ptr[X], 0);
            code.mov(__dword_ptr[Y], 0);
            code.Label(ref unchecked_);
            code.dec(r12d);
            code.jnz(again);
        });
        Assert.Equal(0UL, machine[Forbidden]);
    }
}
