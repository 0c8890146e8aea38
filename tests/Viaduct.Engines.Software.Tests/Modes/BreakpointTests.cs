using Iced.Intel;
using Viaduct.Engines.Software.SystemRegisters;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>What the debug registers watch, and what #DB says of it.</summary>
public sealed unsafe class BreakpointTests : IDisposable
{
    private const int Debug = 1;
    private readonly PagedMachine _machine = new();

    [Theory]
    [InlineData(0x0001_0001, true, true, Debug)]
    [InlineData(0x0001_0001, false, true, -1)]
    [InlineData(0x0003_0001, false, true, Debug)]
    [InlineData(0x000D_0001, true, true, Debug)]
    [InlineData(0x000D_0001, true, false, -1)]
    [InlineData(0x0001_0000, true, true, -1)]
    public void Data_ThatIsWatched_TrapsAfterTheInstruction(int control, bool writes, bool near, int vector)
    {
        ulong address = PagedMachine.SystemData + 0x10;
        _machine.Run(code =>
        {
            code.mov(rax, address);
            code.mov(dr0, rax);
            code.mov(rcx, __qword_ptr[address]);
            code.mov(eax, control);
            code.mov(dr7, rax);
            code.xor(ecx, ecx);
            if (writes)
            {
                code.mov(__byte_ptr[address + (near ? 0ul : 4ul)], cl);
            }
            else
            {
                code.mov(dl, __byte_ptr[address]);
            }

            code.inc(ecx);
            code.xor(eax, eax);
            code.mov(dr7, rax);
        });
        Assert.Equal(vector, _machine.Vector);
        Assert.Equal(vector == Debug ? 0u : 1u, (uint)_machine.State->Registers[1]);
        Assert.Equal(vector == Debug ? 0xFFFF_0FF1u : 0xFFFF_0FF0u, (uint)_machine.Cpu.Control.DebugStatus);
    }

    [Fact]
    public void Repeated_Move_TrapsAtTheElementThatIsWatched()
    {
        ulong address = PagedMachine.SystemData + 0x40;
        _machine.Run(code =>
        {
            code.mov(rax, address);
            code.mov(dr1, rax);
            code.mov(eax, 0x0010_0004);
            code.mov(dr7, rax);
            code.mov(rdi, PagedMachine.SystemData);
            code.mov(ecx, 0x100);
            code.mov(al, 7);
            code.rep.stosb();
        });
        Assert.Equal(Debug, _machine.Vector);
        Assert.Equal(address + 1, _machine.State->Registers[7]);
        Assert.Equal(0xBFu, (uint)_machine.State->Registers[1]);
    }

    [Fact]
    public void Instruction_ThatIsWatched_FaultsBeforeItRuns()
    {
        _machine.Run(static code =>
        {
            Label watched = code.CreateLabel();
            code.lea(rax, __[watched]);
            code.mov(dr3, rax);
            code.mov(eax, 0x80);
            code.mov(dr7, rax);
            code.xor(ecx, ecx);
            code.Label(ref watched);
            code.inc(ecx);
        });
        Assert.Equal(Debug, _machine.Vector);
        Assert.Equal(0u, (uint)_machine.State->Registers[1]);
        Assert.Equal(0xFFFF_0FF8u, (uint)_machine.Cpu.Control.DebugStatus);
    }

    [Fact]
    public void DebugRegister_WhenDetected_IsNotAccessed()
    {
        _machine.Run(static code =>
        {
            code.mov(eax, 1 << 13);
            code.mov(dr7, rax);
            code.mov(rcx, dr0);
        });
        Assert.Equal(Debug, _machine.Vector);
        Assert.Equal(0xFFFF_2FF0u, (uint)_machine.Cpu.Control.DebugStatus);
        Assert.Equal(0ul, _machine.Cpu.Breakpoints.Control & (1 << 13));
    }

    [Fact]
    public void AliasesOfDebugRegisters_WithExtensions_AreUndefined()
    {
        _machine.State->Cr4 |= Cr4.DebuggingExtensions;
        _machine.Run(static code => code.mov(rcx, dr4));
        Assert.Equal(6, _machine.Vector);
    }

    public void Dispose() => _machine.Dispose();
}
