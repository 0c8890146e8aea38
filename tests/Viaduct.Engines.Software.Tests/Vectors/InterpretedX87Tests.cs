using Iced.Intel;
using Viaduct.Engines.Software.State;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Vectors;

/// <summary>x87 instructions through the interpreter: operands, flags, pending exceptions, pointers.</summary>
public sealed unsafe class InterpretedX87Tests : IDisposable
{
    private readonly VectorMachine _machine = new();

    public InterpretedX87Tests() => _machine.State->Registers[7] = VectorMachine.Data;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Arithmetic_OnEveryMemoryFormat_GivesTheResult()
    {
        *(int*)_machine.Bytes = 40;
        *(double*)(_machine.Bytes + 8) = 0.5;
        *(float*)(_machine.Bytes + 16) = 1.5f;
        *(short*)(_machine.Bytes + 20) = -2;
        Assert.Equal(-1, _machine.Run(a =>
        {
            a.fild(__dword_ptr[rdi]);
            a.fadd(__qword_ptr[rdi + 8]);
            a.fadd(__dword_ptr[rdi + 16]);
            a.fiadd(__word_ptr[rdi + 20]);
            a.fld(st0);
            a.fstp(__tbyte_ptr[rdi + 32]);
            a.fst(__qword_ptr[rdi + 48]);
            a.fistp(__qword_ptr[rdi + 56]);
        }));
        Assert.Equal(40.0, *(double*)(_machine.Bytes + 48));
        Assert.Equal(40L, *(long*)(_machine.Bytes + 56));
        Assert.Equal(0xA000000000000000UL, *(ulong*)(_machine.Bytes + 32));
        Assert.Equal(0x4004, *(ushort*)(_machine.Bytes + 40));
        Assert.Equal(0, _machine.State->X87.ValidRegisters);
    }

    [Fact]
    public void Fcomi_SetsFlags_AndFcmovReadsThem()
    {
        Assert.Equal(-1, _machine.Run(a =>
        {
            a.fldz();
            a.fld1();
            a.fcomi(st0, st1);
            a.seta(bl);
            a.fcmovnbe(st0, st1);
            a.fcomi(st0, st1);
            a.sete(bh);
            a.fnstsw(ax);
        }));
        Assert.Equal(0x0101u, (ushort)_machine.State->Registers[3]);
        Assert.Equal(6 << 11, (ushort)_machine.State->Registers[0]);
    }

    [Fact]
    public void UnmaskedException_WaitsForTheNextInstruction_WithItsPointersAndOpcode()
    {
        *(ushort*)_machine.Bytes = 0x37B;
        *(double*)(_machine.Bytes + 8) = 0.0;
        int count = _machine.Assemble(a =>
        {
            a.fldcw(__word_ptr[rdi]);
            a.fld1();
            a.fdiv(__qword_ptr[rdi + 8]);
            a.fld1();
        });
        Assert.Equal(Vector.MathFault, _machine.Run(count));
        Assert.True(_machine.State->X87.IsExceptionPending);
        Assert.Equal(0x477, _machine.State->X87.LastOpcode);
        Assert.Equal(VectorMachine.Data + 8, _machine.State->X87.DataPointer);
        Assert.Equal(VectorMachine.Code + 4, _machine.State->X87.InstructionPointer);
        Assert.Equal(Vector.MathFault, _machine.Run(a => a.fstp(__qword_ptr[rdi + 8])));
        Assert.Equal(Vector.MathFault, _machine.Run(a => a.wait()));
        Assert.Equal(-1, _machine.Run(a => a.fnstenv(__[rdi + 64])));
        Assert.Equal(0x0477, *(ushort*)(_machine.Bytes + 64 + 18));
        Assert.Equal(-1, _machine.Run(a => a.fnclex()));
        Assert.Equal(-1, _machine.Run(a => a.wait()));
    }

    [Fact]
    public void Store_ToAPageThatIsNotThere_LeavesTheStack()
    {
        _machine.State->Registers[7] = 4 << 20;
        Assert.Equal(Vector.PageFault, _machine.Run(a =>
        {
            a.fld1();
            a.fstp(__qword_ptr[rdi]);
        }));
        Assert.Equal(0x80, _machine.State->X87.ValidRegisters);
        Assert.Equal(7 << 11, _machine.State->X87.Status);
    }

    [Fact]
    public void Fnsave_ThenFrstor_BringsTheStackBack()
    {
        Assert.Equal(-1, _machine.Run(a =>
        {
            a.fldpi();
            a.fldl2e();
            a.fnsave(__[rdi]);
            a.fld1();
            a.frstor(__[rdi]);
            a.fmulp(st1, st0);
            a.fstp(__qword_ptr[rdi + 128]);
        }));
        Assert.Equal(Math.PI * Math.Log2(Math.E), *(double*)(_machine.Bytes + 128), 12);
        Assert.Equal(0, _machine.State->X87.ValidRegisters);
    }
}
