using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.SystemRegisters;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.Modes;

/// <summary>SMAP, protection keys and UMIP: what a page or an instruction is kept from, and when.</summary>
public sealed unsafe class PageProtectionTests : IDisposable
{
    private const ulong KeyOne = 1UL << 59;
    private const int PageFault = 14;
    private readonly PagedMachine _machine = new();

    [Theory]
    [InlineData(false, PageFault)]
    [InlineData(true, -1)]
    public void SupervisorAccess_ToAUserPage_NeedsAc(bool allowed, int vector)
    {
        _machine.State->Cr4 |= Cr4.SupervisorAccessPrevention;
        _machine.Run(code =>
        {
            if (allowed)
            {
                code.stac();
            }

            code.mov(rax, __qword_ptr[PagedMachine.UserData]);
            code.mov(__qword_ptr[PagedMachine.SystemData], rax);
        });
        Assert.Equal(vector, _machine.Vector);
    }

    [Fact]
    public void SupervisorAccess_AfterClac_FaultsAgain()
    {
        _machine.State->Cr4 |= Cr4.SupervisorAccessPrevention;
        _machine.Run(static code =>
        {
            code.stac();
            code.mov(rax, __qword_ptr[PagedMachine.UserData]);
            code.mov(__qword_ptr[PagedMachine.UserData + 8], rax);
            code.clac();
            code.mov(__qword_ptr[PagedMachine.UserData + 16], rax);
        });
        Assert.Equal(PageFault, _machine.Vector);
        Assert.Equal(3ul, _machine.ErrorCode);
        Assert.Equal(PagedMachine.UserData + 16, _machine.State->Cr2);
    }

    [Fact]
    public void SupervisorAccess_AfterPopOfFlagsWithoutAc_FaultsAgain()
    {
        _machine.State->Cr4 |= Cr4.SupervisorAccessPrevention;
        _machine.Run(static code =>
        {
            code.stac();
            code.mov(rax, __qword_ptr[PagedMachine.UserData]);
            code.push(2);
            code.popfq();
            code.mov(rax, __qword_ptr[PagedMachine.UserData]);
        });
        Assert.Equal(PageFault, _machine.Vector);
        Assert.Equal(1ul, _machine.ErrorCode);
    }

    [Fact]
    public void Table_OnAUserPage_IsReadByTheProcessorInVain()
    {
        // AC doesn't cover what the processor reads by itself.
        _machine.State->Cr4 |= Cr4.SupervisorAccessPrevention;
        _machine.State->Segments[6] = new SegmentRegister { Base = PagedMachine.UserData, Limit = 0xFFF, Attributes = Descriptor.Present | Descriptor.TypeLdt };
        _machine.Run(static code =>
        {
            code.stac();
            code.mov(eax, 4);
            code.mov(ds, eax);
        });
        Assert.Equal(PageFault, _machine.Vector);
    }

    [Theory]
    [InlineData(0u, false, -1, 0ul)]
    [InlineData(1u << 2, false, PageFault, 0x21ul)]
    [InlineData(2u << 2, false, -1, 0ul)]
    [InlineData(2u << 2, true, -1, 0ul)]
    [InlineData(1u << 2, true, PageFault, 0x23ul)]
    public void UserKey_OfAPage_RestrictsAccesses(uint rights, bool write, int vector, ulong error)
    {
        // Supervisor writes heed it only with CR0.WP, which is clear here.
        _machine.SetEntry(PagedMachine.UserData, 7 | KeyOne);
        _machine.State->Cr4 |= Cr4.UserKeys;
        _machine.State->Cr0 &= ~Cr0.WriteProtect;
        _machine.Run(code =>
        {
            code.mov(eax, __dword_ptr[PagedMachine.UserData]);
            code.mov(__dword_ptr[PagedMachine.UserData], eax);
            code.mov(eax, (int)rights);
            code.xor(ecx, ecx);
            code.xor(edx, edx);
            code.wrpkru();
            code.rdpkru();
            if (write)
            {
                code.mov(__dword_ptr[PagedMachine.UserData], eax);
            }
            else
            {
                code.mov(ebx, __dword_ptr[PagedMachine.UserData]);
            }
        });
        Assert.Equal(vector, _machine.Vector);
        if (vector >= 0)
        {
            Assert.Equal(error, _machine.ErrorCode);
        }
    }

    [Fact]
    public void SupervisorKey_WithWritesDenied_AllowsReads()
    {
        _machine.SetEntry(PagedMachine.SystemData, 3 | KeyOne);
        _machine.State->Cr4 |= Cr4.SupervisorKeys;
        _machine.State->Cr0 |= Cr0.WriteProtect;
        _machine.Run(static code =>
        {
            code.mov(ecx, 0x6E1);
            code.mov(eax, 2 << 2);
            code.xor(edx, edx);
            code.wrmsr();
            code.mov(ebx, __dword_ptr[PagedMachine.SystemData]);
            code.mov(__dword_ptr[PagedMachine.SystemData], ebx);
        });
        Assert.Equal(PageFault, _machine.Vector);
        Assert.Equal(0x23ul, _machine.ErrorCode);
    }

    [Theory]
    [InlineData(false, -1)]
    [InlineData(true, 13)]
    public void UserCode_AsksWhereTablesAre_UnlessPrevented(bool prevents, int vector)
    {
        if (prevents)
        {
            _machine.State->Cr4 |= Cr4.UserInstructionPrevention;
        }

        _machine.State->FlagsOther |= 3 << 12;
        _machine.Run(static code =>
        {
            PagedMachine.EnterUser(code, PagedMachine.UserData + 0x800, 0x3002);
            code.sgdt(__[PagedMachine.UserData]);
        });
        Assert.Equal(vector, _machine.Vector);
    }

    [Fact]
    public void Processor_WithoutTheFeatures_KnowsNoneOfThem()
    {
        using RealMachine plain = new();
        plain.Run(static code =>
        {
            code.mov(eax, 1 << 21);
            code.mov(cr4, eax);
        });
        Assert.True(plain.Faulted);
        Assert.Equal(13, plain.Vector);
    }

    public void Dispose() => _machine.Dispose();
}
