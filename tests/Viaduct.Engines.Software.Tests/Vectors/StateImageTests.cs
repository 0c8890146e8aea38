using System.Runtime.Intrinsics;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Vectors;

/// <summary>MMX registers within the x87 state, and images of both with XMM.</summary>
public sealed unsafe class StateImageTests : IDisposable
{
    private readonly VectorMachine _machine = new();

    public StateImageTests() => _machine.State->Registers[7] = VectorMachine.Data;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void MmxInstruction_MakesAllRegistersValidAndTopZero_EmmsEmptiesThem()
    {
        _machine.State->X87.Status = 3 << 11;
        *(ulong*)_machine.Bytes = 0x1122334455667788;
        Assert.Equal(-1, _machine.Run(a => a.movq(mm5, __qword_ptr[rdi])));
        Assert.Equal(0xFF, _machine.State->X87.ValidRegisters);
        Assert.Equal(0, _machine.State->X87.Status);
        Assert.Equal(0xFFFF, _machine.State->X87.GetPhysical(5).SignExponent);
        Assert.Equal(0x1122334455667788UL, _machine.State->X87.ReadMmx(5));
        _machine.State->X87.Status = 3 << 11;
        Assert.Equal(-1, _machine.Run(a => a.emms()));
        Assert.Equal(0, _machine.State->X87.ValidRegisters);
        Assert.Equal(0, _machine.State->X87.Status);
    }

    [Fact]
    public void Mmx_WithExceptionPending_RaisesMathFault()
    {
        _machine.State->X87.Control = 0x37E;
        _machine.State->X87.Status = 1;
        Assert.Equal(State.Vector.MathFault, _machine.Run(a => a.paddd(mm0, mm1)));
        Assert.Equal(State.Vector.MathFault, _machine.Run(a => a.wait()));
        Assert.Equal(-1, _machine.Run(a => a.fnclex()));
        Assert.Equal(-1, _machine.Run(a => a.paddd(mm0, mm1)));
    }

    [Fact]
    public void Fxsave_ThenFxrstor_BringsEverythingBack()
    {
        const ulong Pointer = 0xFFFF_8000_1234_5678;
        for (int i = 0; i < 8; i++)
        {
            _machine.State->X87.SetPhysical(i, new((ushort)(0x4000 + i), 0x8000000000000000 + (ulong)i));
        }

        for (int i = 0; i < 16; i++)
        {
            _machine.State->Xmm[i] = Vector128.Create((byte)i);
        }

        _machine.State->X87.Control = 0x27F;
        _machine.State->X87.Status = (3 << 11) | 0x4700;
        _machine.State->X87.ValidRegisters = 0x38;
        _machine.State->X87.InstructionPointer = Pointer;
        _machine.State->X87.LastOpcode = 0x123;
        _machine.State->Mxcsr = 0x1FA1;
        new Span<byte>(_machine.Bytes, 512).Fill(0xCC);
        Assert.Equal(-1, _machine.Run(a => a.fxsave64(__[rdi])));
        byte* image = _machine.Bytes;
        Assert.Equal(0x27F, *(ushort*)image);
        Assert.Equal(0x38, image[4]);
        Assert.Equal(Pointer, *(ulong*)(image + 8));
        Assert.Equal(0xFFFFu, *(uint*)(image + 28));
        Assert.Equal(0x4003, *(ushort*)(image + 32 + 8));
        Assert.Equal(15, image[160 + (15 * 16)]);
        Assert.Equal(0xCC, image[416]);

        _machine.Restart();
        _machine.State->Registers[7] = VectorMachine.Data;
        Assert.Equal(-1, _machine.Run(a => a.fxrstor64(__[rdi])));
        Assert.Equal(0x27F, _machine.State->X87.Control);
        Assert.Equal((3 << 11) | 0x4700, _machine.State->X87.Status);
        Assert.Equal(0x38, _machine.State->X87.ValidRegisters);
        Assert.Equal(Pointer, _machine.State->X87.InstructionPointer);
        Assert.Equal(0x123, _machine.State->X87.LastOpcode);
        Assert.Equal(0x1FA1u, _machine.State->Mxcsr);
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal((ushort)(0x4000 + i), _machine.State->X87.GetPhysical(i).SignExponent);
        }

        Assert.Equal(Vector128.Create((byte)9), _machine.State->Xmm[9]);
    }

    [Fact]
    public void Maskmovdqu_WritesOnlyChosenBytes()
    {
        new Span<byte>(_machine.Bytes, 16).Fill(0xEE);
        _machine.State->Xmm[0] = Vector128.Create((byte)0x11);
        _machine.State->Xmm[1] = Vector128.Create(0x80, 0, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)0x90);
        Assert.Equal(-1, _machine.Run(a => a.maskmovdqu(xmm0, xmm1)));
        Assert.Equal(
            [0x11, 0xEE, 0x11, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0x11],
            new ReadOnlySpan<byte>(_machine.Bytes, 16).ToArray());
    }

    [Fact]
    public void Moves_PartOfARegister_LeaveOrClearTheRest()
    {
        Vector128<byte> ones = Vector128<byte>.AllBitsSet;
        *(ulong*)_machine.Bytes = 0x0123456789ABCDEF;
        for (int i = 0; i < 5; i++)
        {
            _machine.State->Xmm[i] = ones;
        }

        _machine.State->Xmm[8] = default;
        Assert.Equal(-1, _machine.Run(a =>
        {
            a.movss(xmm0, __dword_ptr[rdi]);
            a.movss(xmm1, xmm8);
            a.movhps(xmm2, __qword_ptr[rdi]);
            a.movq(xmm3, xmm3);
            a.movlpd(__qword_ptr[rdi + 8], xmm8);
            a.movlhps(xmm4, xmm8);
        }));
        Assert.Equal(Vector128.CreateScalar(0x89ABCDEFu).AsByte(), _machine.State->Xmm[0]);
        Assert.Equal(Vector128.Create(0, uint.MaxValue, uint.MaxValue, uint.MaxValue).AsByte(), _machine.State->Xmm[1]);
        Assert.Equal(Vector128.Create(ulong.MaxValue, 0x0123456789ABCDEF).AsByte(), _machine.State->Xmm[2]);
        Assert.Equal(Vector128.CreateScalar(ulong.MaxValue).AsByte(), _machine.State->Xmm[3]);
        Assert.Equal(0UL, *(ulong*)(_machine.Bytes + 8));
        Assert.Equal(Vector128.Create(ulong.MaxValue, 0).AsByte(), _machine.State->Xmm[4]);
    }
}
