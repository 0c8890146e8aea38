using Iced.Intel;
using Viaduct.Platform.Engines;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>Real-address mode: where a start-up message leads, segments without descriptors, the interrupt vector table.</summary>
public sealed unsafe class RealModeTests : IDisposable
{
    private readonly RealMachine _machine = new();

    [Fact]
    public void StartUp_BeginsAtThePageOfItsVector()
    {
        _machine.Run(static code => code.mov(ax, cs));
        Assert.Equal(RealMachine.CodeSegment, (ushort)_machine.Rax);
        Assert.Equal(0x606A6u, _machine.State->Registers[2]);
    }

    [Fact]
    public void Segments_AreSixteenTimesTheirSelectors()
    {
        _machine.Write<ushort>(0x34567, 0xBEEF);
        _machine.Run(static code =>
        {
            code.mov(ax, 0x3000);
            code.mov(es, ax);
            code.mov(di, 0x4567);
            code.mov(cx, __word_ptr.es[di]);
            code.mov(__word_ptr[0x10], cx);
        });
        Assert.Equal(0xBEEF, _machine.Read<ushort>(RealMachine.Data + 0x10));
    }

    [Fact]
    public void Software_Interrupt_PushesFlagsSegmentAndOffset()
    {
        _machine.Run(static code =>
        {
            code.sti();
            code.@int(0x21);
        });
        Assert.Equal(0x21, _machine.Vector);
        Assert.Equal(RealMachine.StackTop - 6, (int)_machine.State->Registers[4]);
        Assert.Equal(3, _machine.Read<ushort>(RealMachine.StackTop - 6));
        Assert.Equal(RealMachine.CodeSegment, _machine.Read<ushort>(RealMachine.StackTop - 4));
        Assert.Equal(0x202, _machine.Read<ushort>(RealMachine.StackTop - 2));
        Assert.Equal(0u, _machine.State->FlagsOther & 0x200);
    }

    [Fact]
    public void Return_FromInterrupt_RestoresFlagsAndGoesOn()
    {
        _machine.Write(0x9000 + (0x30 * 8), [0xF9, 0xB3, 0x55, 0xCF]);
        _machine.Run(static code =>
        {
            code.clc();
            code.@int(0x30);
            code.setb(cl);
            code.mov(al, bl);
        });
        Assert.Equal(0x55, (byte)_machine.Rax);
        Assert.Equal(0, (byte)_machine.State->Registers[1]);
        Assert.False(_machine.Faulted);
    }

    [Fact]
    public void Divide_ByZero_IsVectorZeroAtTheInstruction()
    {
        _machine.Run(static code =>
        {
            code.xor(cx, cx);
            code.mov(ax, 1);
            code.div(cx);
        });
        Assert.True(_machine.Faulted);
        Assert.Equal(0, _machine.Vector);
        Assert.Equal(5, _machine.Read<ushort>(RealMachine.StackTop - 6));
    }

    [Theory]
    [InlineData(0xFFFE, false)]
    [InlineData(0xFFFF, true)]
    public void Access_PastTheLimit_IsAGeneralProtectionFault(int offset, bool faults)
    {
        _machine.Run(code =>
        {
            code.mov(bx, (short)offset);
            code.mov(ax, __word_ptr[bx]);
            code.xor(ax, ax);
        });
        Assert.Equal(faults, _machine.Faulted);
        Assert.Equal(faults ? 13 : 0, _machine.Vector);
    }

    [Fact]
    public void Stack_WrapsAtItsEnd()
    {
        _machine.Run(static code =>
        {
            code.mov(esp, 0x7777_0000);
            code.push(0x1234);
            code.mov(ax, sp);
        });
        Assert.Equal(0x7777_FFFEu, (uint)_machine.State->Registers[4]);
        Assert.Equal(0x1234, _machine.Read<ushort>(0xFFFE));
    }

    [Fact]
    public void Far_CallsAndReturns_ChangeTheSegment()
    {
        _machine.Assemble(16, 0x30010, 0x10, static code =>
        {
            code.mov(bx, cs);
            code.retf(4);
        });
        _machine.Run(static code =>
        {
            code.push(1);
            code.push(2);
            code.call(0x3000, 0x10);
            code.mov(ax, bx);
        });
        Assert.Equal(0x3000, (ushort)_machine.Rax);
        Assert.Equal(RealMachine.StackTop, (ushort)_machine.State->Registers[4]);
        Assert.Equal(RealMachine.CodeSegment, _machine.State->Segments[1].Selector);
    }

    [Fact]
    public void Branches_BackwardsFromTheStartOfAPage_StayInTheSegment()
    {
        _machine.Run(static code =>
        {
            Label back = code.CreateLabel();
            Label forth = code.CreateLabel();
            Label end = code.CreateLabel();
            code.mov(ax, 0);
            code.jmp(forth);
            code.Label(ref back);
            code.add(ax, 1);
            code.jmp(end);
            code.db(new byte[4096]);
            code.Label(ref forth);
            code.cmp(ax, 0);
            code.je(back);
            code.Label(ref end);
            code.add(ax, 1);
        });
        Assert.Equal(2, (ushort)_machine.Rax);
    }

    [Fact]
    public void Branch_AcrossTheEndOfTheSegment_WrapsIn16Bits()
    {
        // JMP -10H at offset 0 leads to FFF2H.
        _machine.Write(RealMachine.Code, [0xEB, 0xF0]);
        _machine.Assemble(16, RealMachine.Code + 0xFFF2, 0xFFF2, static code =>
        {
            code.mov(al, 7);
            code.@out(0x80, al);
            code.hlt();
        });
        Assert.Equal(CpuExit.Stopped, _machine.Run());
        Assert.Equal(7, (byte)_machine.Rax);
    }

    [Fact]
    public void Code_ThatRunsPastTheSegment_Faults()
    {
        _machine.Write(RealMachine.Code + 0xFFFE, [0x90, 0x90]);
        _machine.Run(static code => code.jmp(0xFFFE));
        Assert.True(_machine.Faulted);
        Assert.Equal(13, _machine.Vector);
    }

    [Fact]
    public void Decimal_Instructions_AreThoseOfTheManual()
    {
        _machine.Run(static code =>
        {
            code.mov(al, 0x79);
            code.add(al, 0x35);
            code.daa();
            code.mov(__byte_ptr[0], al);
            code.setb(__byte_ptr[1]);
            code.mov(al, 0x35);
            code.sub(al, 0x47);
            code.das();
            code.mov(__byte_ptr[2], al);
            code.mov(ax, 0x000F);
            code.aaa();
            code.mov(__word_ptr[4], ax);
            code.mov(al, 123);
            code.aam(10);
            code.mov(__word_ptr[6], ax);
            code.aad(10);
            code.mov(__word_ptr[8], ax);
        });
        Assert.Equal(0x14, _machine.Read<byte>(RealMachine.Data));
        Assert.Equal(1, _machine.Read<byte>(RealMachine.Data + 1));
        Assert.Equal(0x88, _machine.Read<byte>(RealMachine.Data + 2));
        Assert.Equal(0x0105, _machine.Read<ushort>(RealMachine.Data + 4));
        Assert.Equal(0x0C03, _machine.Read<ushort>(RealMachine.Data + 6));
        Assert.Equal(123, _machine.Read<ushort>(RealMachine.Data + 8));
    }

    [Fact]
    public void Division_ByARadixOfZero_Faults()
    {
        _machine.Run(static code => code.aam(0));
        Assert.True(_machine.Faulted);
        Assert.Equal(0, _machine.Vector);
    }

    [Fact]
    public void AllRegisters_ArePushedAndPopped_ButTheStackPointer()
    {
        _machine.Run(static code =>
        {
            code.mov(cx, 3);
            code.mov(si, 9);
            code.pusha();
            code.xor(cx, cx);
            code.xor(si, si);
            code.mov(bp, sp);
            code.mov(__word_ptr[bp + 6], 0x1111);
            code.popa();
        });
        Assert.Equal(3, (ushort)_machine.State->Registers[1]);
        Assert.Equal(9, (ushort)_machine.State->Registers[6]);
        Assert.Equal(RealMachine.StackTop, (ushort)_machine.State->Registers[4]);
    }

    [Fact]
    public void Index_OutsideItsBounds_IsVectorFive()
    {
        _machine.Write<ushort>(RealMachine.Data, 0xFFFE);
        _machine.Write<ushort>(RealMachine.Data + 2, 5);
        _machine.Run(static code =>
        {
            code.mov(ax, -2);
            code.bound(ax, __dword_ptr[0]);
            code.mov(ax, 6);
            code.bound(ax, __dword_ptr[0]);
        });
        Assert.True(_machine.Faulted);
        Assert.Equal(5, _machine.Vector);
        Assert.Equal(3 + 4 + 3, _machine.Read<ushort>(RealMachine.StackTop - 6));
    }

    [Fact]
    public void Descriptors_AreNotThere()
    {
        _machine.Run(static code => code.verr(ax));
        Assert.True(_machine.Faulted);
        Assert.Equal(6, _machine.Vector);
    }

    [Fact]
    public void ProtectedMode_AndBack_KeepsTheLimitsThatItLoaded()
    {
        const ulong Gdt = 0x700;
        _machine.Write(Gdt + 8, 0x00CF_9300_0000_FFFFUL);
        _machine.Write<ushort>(RealMachine.Data + 0x20, 15);
        _machine.Write(RealMachine.Data + 0x22, (uint)Gdt);
        _machine.Write(0x40_0000UL, 0xC0FFEEu);
        _machine.Run(static code =>
        {
            code.lgdt(__[0x20]);
            code.mov(eax, cr0);
            code.or(al, 1);
            code.mov(cr0, eax);
            code.mov(bx, 8);
            code.mov(fs, bx);
            code.and(al, 0xFE);
            code.mov(cr0, eax);
            code.xor(bx, bx);
            code.mov(fs, bx);
            code.mov(ebx, 0x40_0000);
            code.mov(eax, __dword_ptr.fs[ebx]);
        });
        Assert.False(_machine.Faulted);
        Assert.Equal(0xC0FFEEu, (uint)_machine.Rax);
    }

    [Fact]
    public void Strings_WithA16BitCount_WrapTheirIndexes()
    {
        _machine.Write(RealMachine.Data + 0xFFFE, [1, 2]);
        _machine.Write(RealMachine.Data, [3, 4]);
        _machine.Run(static code =>
        {
            code.push(ds);
            code.pop(es);
            code.mov(si, 0xFFFE);
            code.mov(di, 0x100);
            code.mov(ecx, 0x10004);
            code.cld();
            code.rep.movsb();
        });
        Assert.Equal(0x0403_0201u, _machine.Read<uint>(RealMachine.Data + 0x100));
        Assert.Equal(0x10000u, (uint)_machine.State->Registers[1]);
    }

    [Fact]
    public void NoRoomForAnyFrame_ShutsTheProcessorDown()
    {
        _machine.State->IdtLimit = 3;
        _machine.Write(RealMachine.Code, [0xCD, 0x21]);
        Assert.Equal(CpuExit.TripleFault, _machine.Run());
    }

    public void Dispose() => _machine.Dispose();
}
