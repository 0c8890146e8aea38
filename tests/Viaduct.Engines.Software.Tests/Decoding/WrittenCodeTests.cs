using Iced.Intel;
using Viaduct.Platform.Memory;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Decoding;

/// <summary>Code that was run, is written by a device, and is run again: the new must run, in both tiers.</summary>
public sealed class WrittenCodeTests
{
    private const uint Old = 0x1111;
    private const uint New = 0x2222;
    private const int Vector = 0x40;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void WriteOfThisProcess_ThatIsNotedOnceItIsDone_IsSeenAfter(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        GuestMemory memory = new(machine.Space);
        machine.Device = () =>
        {
            machine.WriteFunctionUnseen(New);
            memory.NoteWritten(WritingDeviceMachine.Function, 6);
        };

        RunInSupervisor(machine, static code => { });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void MoreWritesThanAreRemembered_AreSeenAfter(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        GuestMemory memory = new(machine.Space);
        machine.Device = () =>
        {
            // The mark stays until the processor looks.
            for (int i = 0; i < 20_000; i++)
            {
                memory.NoteWritten(WritingDeviceMachine.Code, 1);
            }

            machine.WriteFunctionUnseen(New);
            memory.NoteWritten(WritingDeviceMachine.Function, 6);
        };

        RunInSupervisor(machine, static code => { });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UnseenWrite_IsSeenAfterASerializingInstruction(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        machine.Memory.AddUnseenWriter();
        machine.Device = () => machine.WriteFunctionUnseen(New);

        RunInSupervisor(machine, static code => code.cpuid());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UnseenWriter_ThatComesLate_IsSeenAfterASerializingInstruction(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        machine.Device = () =>
        {
            machine.Memory.AddUnseenWriter();
            machine.Device = () => machine.WriteFunctionUnseen(New);
        };

        RunInSupervisor(machine, static code =>
        {
            Label wait = code.CreateLabel();
            code.mov(ecx, 20_000);
            code.Label(ref wait);
            code.dec(ecx);
            code.jnz(wait);
            code.mov(rbx, WritingDeviceMachine.Function);
            code.call(rbx);
            code.@out(WritingDeviceMachine.DevicePort, al);
            code.cpuid();
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UnseenWrite_IsSeenAfterAReturnFromAnInterrupt(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        machine.Memory.AddUnseenWriter();
        machine.Device = () => machine.WriteFunctionUnseen(New);
        const ulong Handler = 0x9000;
        machine.SetGate(Vector, Handler);
        byte[] handler = [0xE6, WritingDeviceMachine.DevicePort, 0x48, 0xCF];
        Assert.True(new GuestMemory(machine.Space).TryWrite(Handler, handler));

        RunInSupervisor(machine, static code => code.@int(Vector), asksDevice: false);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void UnseenWrite_IsSeenByUserCodeAfterASystemCall(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        machine.Memory.AddUnseenWriter();
        machine.Device = () => machine.WriteFunctionUnseen(New);
        machine.WriteFunctionUnseen(Old);

        machine.Run(static code =>
        {
            Label system = code.CreateLabel();
            Label user = code.CreateLabel();
            Label end = code.CreateLabel();
            WriteMsr(code, 0xC000_0080, 0x501);
            WriteMsr(code, 0xC000_0081, 0x0018_0010UL << 32);
            code.lea(rax, __[system]);
            code.mov(rdx, rax);
            code.shr(rdx, 32);
            code.mov(ecx, 0xC000_0082);
            code.wrmsr();
            code.lea(rcx, __[user]);
            code.mov(r11d, 2);
            code.sysretq();

            code.Label(ref user);
            code.mov(rsp, WritingDeviceMachine.UserStack);
            CallOften(code, 0);
            code.syscall();
            CallOften(code, 4);
            code.mov(r15d, 1);
            code.syscall();

            code.Label(ref system);
            code.test(r15d, r15d);
            code.jnz(end);
            code.@out(WritingDeviceMachine.DevicePort, al);
            code.sysretq();
            code.Label(ref end);
            code.@out(WritingDeviceMachine.DonePort, al);
            code.hlt();
        });

        Check(machine, translates);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PageThatNobodyWrote_KeepsItsBlocksThroughSerialization(bool translates)
    {
        using WritingDeviceMachine machine = new(translates);
        machine.Memory.AddUnseenWriter();
        machine.Device = () => { };
        machine.WriteFunctionUnseen(Old);
        long before = 0;

        machine.Run(code =>
        {
            CallOften(code, 0);
            CallOften(code, 4);
            code.@out(WritingDeviceMachine.DonePort, al);
            code.hlt();
        });
        before = machine.Translated;

        using WritingDeviceMachine serialized = new(translates);
        serialized.Memory.AddUnseenWriter();
        serialized.WriteFunctionUnseen(Old);
        serialized.Run(code =>
        {
            Label loop = code.CreateLabel();
            code.mov(r14d, 50);
            code.Label(ref loop);
            CallOften(code, 0);
            CallOften(code, 4);
            code.cpuid();
            code.dec(r14d);
            code.jnz(loop);
            code.@out(WritingDeviceMachine.DonePort, al);
            code.hlt();
        });

        // Some more for the outer loop, not some more for each of its turns.
        Assert.InRange(serialized.Translated, before, before + 10);
        Assert.Equal(Old, serialized.ResultOf(1));
    }

    private static void RunInSupervisor(WritingDeviceMachine machine, Action<Assembler> between, bool asksDevice = true)
    {
        machine.WriteFunctionUnseen(Old);
        machine.Run(code =>
        {
            CallOften(code, 0);
            if (asksDevice)
            {
                code.@out(WritingDeviceMachine.DevicePort, al);
            }

            between(code);
            CallOften(code, 4);
            code.@out(WritingDeviceMachine.DonePort, al);
            code.hlt();
        });
        Check(machine, machine.Translated != 0);
    }

    private static void Check(WritingDeviceMachine machine, bool translates)
    {
        Assert.Equal(translates, machine.Translated != 0);
        Assert.Equal(Old, machine.ResultOf(0));
        Assert.Equal(New, machine.ResultOf(1));
    }

    // Each of them must have got the same, the first call, too.
    private static void CallOften(Assembler code, int offset)
    {
        Label loop = code.CreateLabel();
        Label done = code.CreateLabel();
        code.mov(r12d, 40);
        code.mov(rbx, WritingDeviceMachine.Function);
        code.call(rbx);
        code.mov(r13d, eax);
        code.Label(ref loop);
        code.call(rbx);
        code.cmp(eax, r13d);
        code.jne(done);
        code.dec(r12d);
        code.jnz(loop);
        code.Label(ref done);
        code.cmp(eax, r13d);
        code.mov(rcx, WritingDeviceMachine.Result + (ulong)offset);
        code.mov(__dword_ptr[rcx], eax);
        Label same = code.CreateLabel();
        code.je(same);
        code.mov(__dword_ptr[rcx], 0xBAD);
        code.Label(ref same);
        code.nop();
    }

    private static void WriteMsr(Assembler code, uint register, ulong value)
    {
        code.mov(ecx, register);
        code.mov(eax, (uint)value);
        code.mov(edx, (uint)(value >> 32));
        code.wrmsr();
    }
}
