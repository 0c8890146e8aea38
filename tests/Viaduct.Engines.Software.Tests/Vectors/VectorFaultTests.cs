using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Vectors;

/// <summary>What x87, MMX and SSE instructions raise, and what they leave as it was.</summary>
public sealed unsafe class VectorFaultTests : IDisposable
{
    private readonly VectorMachine _machine = new();

    public static TheoryData<string, int, int, int> Switches => new()
    {
        // instruction, vector with CR0.TS, with CR0.EM, with CR4.OSFXSR clear
        { "sse", Vector.DeviceNotAvailable, Vector.InvalidOpcode, Vector.InvalidOpcode },
        { "mmx", Vector.DeviceNotAvailable, Vector.InvalidOpcode, -1 },
        { "emms", Vector.DeviceNotAvailable, Vector.InvalidOpcode, -1 },
        { "x87", Vector.DeviceNotAvailable, Vector.DeviceNotAvailable, -1 },
        { "wait", Vector.DeviceNotAvailable, -1, -1 },
        { "fxsave", Vector.DeviceNotAvailable, Vector.DeviceNotAvailable, -1 },
        { "ldmxcsr", Vector.DeviceNotAvailable, Vector.InvalidOpcode, Vector.InvalidOpcode },
        { "movnti", -1, -1, -1 },
    };

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Switches))]
    public void ControlRegisters_SwitchUnitsOff(string instruction, int taskSwitched, int emulation, int noSse)
    {
        Action<Assembler> code = instruction switch
        {
            "sse" => a => a.movaps(xmm1, xmm2),
            "mmx" => a => a.paddb(mm1, mm2),
            "emms" => a => a.emms(),
            "x87" => a => a.fnstsw(ax),
            "wait" => a => a.wait(),
            "fxsave" => a => a.fxsave64(__[rdi]),
            "ldmxcsr" => a => a.ldmxcsr(__dword_ptr[rdi + 512]),
            _ => a => a.movnti(__dword_ptr[rdi], eax),
        };
        Assert.Equal(-1, Run(code, 0, 0));
        Assert.Equal(taskSwitched, Run(code, Cr0.TaskSwitched, 0));
        Assert.Equal(emulation, Run(code, Cr0.Emulation, 0));
        Assert.Equal(noSse, Run(code, 0, Cr4.FxsaveSupport));
    }

    [Fact]
    public void Memory128_NotAligned_FaultsButForUnalignedMoves()
    {
        Assert.Equal(Vector.GeneralProtection, Run(a => a.movaps(xmm0, __xmmword_ptr[rdi + 8])));
        Assert.Equal(Vector.GeneralProtection, Run(a => a.movntdq(__xmmword_ptr[rdi + 1], xmm0)));
        Assert.Equal(Vector.GeneralProtection, Run(a => a.paddb(xmm0, __xmmword_ptr[rdi + 4])));
        Assert.Equal(Vector.GeneralProtection, Run(a => a.addps(xmm0, __xmmword_ptr[rdi + 4])));
        Assert.Equal(Vector.GeneralProtection, Run(a => a.fxrstor(__[rdi + 8])));
        Assert.Equal(-1, Run(a => a.movups(xmm0, __xmmword_ptr[rdi + 8])));
        Assert.Equal(-1, Run(a => a.movdqu(__xmmword_ptr[rdi + 1], xmm0)));
        Assert.Equal(-1, Run(a => a.addsd(xmm0, __qword_ptr[rdi + 4])));
        Assert.Equal(-1, Run(a => a.cvtps2pd(xmm0, __qword_ptr[rdi + 4])));
    }

    [Fact]
    public void Divide_ByZeroUnmasked_RaisesAndKeepsTheDestination()
    {
        Vector128<byte> one = Vector128.Create(1.0, 2.0).AsByte();
        _machine.State->Xmm[0] = one;
        _machine.State->Xmm[1] = default;
        _machine.State->Mxcsr = 0x1D80;
        Assert.Equal(Vector.SimdFault, _machine.Run(a => a.divsd(xmm0, xmm1)));
        Assert.Equal(one, _machine.State->Xmm[0]);
        Assert.Equal(0x1D84u, _machine.State->Mxcsr);
        _machine.State->Cr4 &= ~Cr4.SimdExceptions;
        Assert.Equal(Vector.InvalidOpcode, _machine.Run(a => a.divsd(xmm0, xmm1)));
    }

    [Fact]
    public void Mxcsr_ReservedBit_Faults()
    {
        *(uint*)_machine.Bytes = 0x1_1F80;
        Assert.Equal(Vector.GeneralProtection, Run(a => a.ldmxcsr(__dword_ptr[rdi])));
        *(uint*)(_machine.Bytes + 24) = 0x1_1F80;
        Assert.Equal(Vector.GeneralProtection, Run(a => a.fxrstor(__[rdi])));
    }

    [Fact]
    public void LaterExtensions_AreUndefined()
    {
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.movddup(xmm0, xmm1)));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.pshufb(xmm0, xmm1)));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.pshufb(mm0, mm1)));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.pextrw(__word_ptr[rdi], xmm1, 3)));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.fisttp(__dword_ptr[rdi])));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.vpxor(xmm0, xmm1, xmm2)));
        Assert.Equal(Vector.InvalidOpcode, Run(a => a.lddqu(xmm0, __xmmword_ptr[rdi])));
    }

    private int Run(Action<Assembler> code, ulong setCr0 = 0, ulong clearCr4 = 0)
    {
        _machine.Restart();
        _machine.State->Cr0 |= setCr0;
        _machine.State->Cr4 &= ~clearCr4;
        _machine.State->Registers[7] = VectorMachine.Data;
        return _machine.Run(code);
    }
}
