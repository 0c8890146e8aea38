using System.Runtime.CompilerServices;
using Viaduct.Engines.Kvm;
using Viaduct.Engines.Kvm.Oracle;

namespace Viaduct.Engines.Software.Tests.Oracle;

public sealed unsafe class KvmImageRunnerTests
{
    [Fact]
    public void KnownInstructions_GiveKnownResults()
    {
        KvmAvailability.SkipUnlessPresent();
        using KvmImageRunner runner = new();
        OracleImage.WriteSystem(runner.Memory, 0, 6);
        Prepare(runner, 0, [0x48, 0x01, 0xD8]); // add rax, rbx
        Prepare(runner, 1, [0x48, 0xF7, 0xF1]); // div rcx
        Prepare(runner, 2, [0x48, 0x8B, 0x06]); // mov rax, [rsi]
        Prepare(runner, 3, [0xCC]); // int3
        Prepare(runner, 4, [0x0F, 0x0B]); // ud2
        Prepare(runner, 5, [0xF3, 0x0F, 0x58, 0xC1]); // addss xmm0, xmm1
        Record(runner, 0)->Before.Registers[0] = ulong.MaxValue;
        Record(runner, 0)->Before.Registers[3] = 1;
        Record(runner, 2)->Before.Registers[6] = OracleLayout.MissingPage + 8;
        Record(runner, 5)->Before.Xmm[0] = 0x3F80_0000;
        Record(runner, 5)->Before.Xmm[2] = 0x4000_0000;

        Assert.Null(runner.Run(OracleLayout.PageTable, OracleLayout.KernelCode, OracleLayout.KernelStackTop));

        Assert.Equal(OracleLayout.NoVector, Record(runner, 0)->Vector);
        Assert.Equal(0u, Record(runner, 0)->After.Registers[0]);
        Assert.Equal(0x257u, Record(runner, 0)->After.Flags);
        Assert.Equal(0u, Record(runner, 1)->Vector);
        Assert.Equal(OracleLayout.SlotAddress(1) + OracleLayout.SlotEntry, Record(runner, 1)->FaultRip);
        Assert.Equal(14u, Record(runner, 2)->Vector);
        Assert.Equal(4u, Record(runner, 2)->ErrorCode);
        Assert.Equal(OracleLayout.MissingPage + 8, Record(runner, 2)->FaultAddress);
        Assert.Equal(3u, Record(runner, 3)->Vector);
        Assert.Equal(OracleLayout.SlotAddress(3) + OracleLayout.SlotEntry + 1, Record(runner, 3)->FaultRip);
        Assert.Equal(6u, Record(runner, 4)->Vector);
        Assert.Equal(0x4040_0000u, Record(runner, 5)->After.Xmm[0]);
        Assert.Equal(0x1F80u, Record(runner, 5)->After.Mxcsr);
    }

    private static void Prepare(KvmImageRunner runner, int slot, ReadOnlySpan<byte> instruction)
    {
        CaseRecord* record = Record(runner, slot);
        record->Before.Fcw = 0x37F;
        record->Before.Mxcsr = 0x1F80;
        record->Before.Flags = 0x202;
        record->Target = OracleLayout.SlotAddress(slot) + OracleLayout.SlotEntry;
        OracleImage.WriteCode(runner.Memory, record->Target, instruction);
    }

    private static CaseRecord* Record(KvmImageRunner runner, int slot) => OracleImage.Record(runner.Memory, slot);
}
