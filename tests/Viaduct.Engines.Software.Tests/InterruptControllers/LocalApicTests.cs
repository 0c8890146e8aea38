using FsCheck;
using FsCheck.Fluent;
using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

public sealed class LocalApicTests
{
    private const ulong Tpr = 0x80;
    private const ulong Eoi = 0xB0;
    private const ulong Svr = 0xF0;
    private const ulong Esr = 0x280;
    private const ulong IcrLow = 0x300;
    private const ulong LvtTimer = 0x320;
    private const ulong LvtError = 0x370;
    private const ulong InitialCount = 0x380;
    private const ulong CurrentCount = 0x390;
    private const ulong Divide = 0x3E0;

    [Fact]
    public void AfterReset_IsSoftwareDisabledAndAcceptsNothing()
    {
        Bench bench = new(2);
        Assert.Equal(0xFEE0_0900u, bench.Apic.BaseRegister);
        Assert.Equal(0xFEE0_0800u, bench.Locals[1].BaseRegister);
        Assert.True(bench.Apic.IsMmioVisible);
        Assert.Equal(0xFFu, Bench.Read(bench.Apic, Svr));
        Assert.Equal(0x0005_0014u, Bench.Read(bench.Apic, 0x30));
        bench.Apic.Accept(0x40, level: false);
        Assert.Equal(-1, bench.Apic.PendingVector);
    }

    [Fact]
    public void Accept_HigherClassFirst_ThenNestsAndReturnsByEoi()
    {
        Bench bench = new Bench().Enabled();
        LocalApic apic = bench.Apic;
        apic.Accept(0x41, false);
        apic.Accept(0x55, false);
        Assert.Equal(2, bench.Kicks[0].Count);
        Assert.Equal(0x55, apic.Acknowledge());
        Assert.Equal(-1, apic.PendingVector);
        Assert.Equal(0x50u, Bench.Read(apic, 0xA0));
        apic.Accept(0x5F, false);
        Assert.Equal(-1, apic.PendingVector);
        apic.Accept(0x60, false);
        Assert.Equal(0x60, apic.Acknowledge());
        Bench.Write(apic, Eoi, 0);
        Assert.Equal(-1, apic.PendingVector);
        Bench.Write(apic, Eoi, 0);
        Assert.Equal(0x5F, apic.Acknowledge());
        Bench.Write(apic, Eoi, 0);
        Assert.Equal(0x41, apic.Acknowledge());
        Assert.Equal(1u << 1, Bench.Read(apic, 0x120));
    }

    [Fact]
    public void TaskPriority_HoldsBackItsClassAndBelow()
    {
        Bench bench = new Bench().Enabled();
        bench.Apic.Cr8 = 5;
        Assert.Equal(0x50u, Bench.Read(bench.Apic, Tpr));
        bench.Apic.Accept(0x5F, false);
        Assert.Equal(-1, bench.Apic.PendingVector);
        int kicks = bench.Kicks[0].Count;
        Bench.Write(bench.Apic, Tpr, 0x4F);
        Assert.Equal(0x5F, bench.Apic.PendingVector);
        Assert.True(bench.Kicks[0].Count > kicks);
        Assert.Equal(4u, bench.Apic.Cr8);
    }

    [Fact]
    public void PendingVector_AgreesWithModel_UnderRandomOperations() => Prop.ForAll<byte[]>(operations =>
    {
        Bench bench = new Bench().Enabled();
        HashSet<int> requested = [];
        Stack<int> served = [];
        int tpr = 0;
        for (int i = 0; i + 1 < operations.Length; i += 2)
        {
            int vector = operations[i + 1];
            switch (operations[i] % 4)
            {
                case 0 when vector >= 16:
                    bench.Apic.Accept(vector, false);
                    requested.Add(vector);
                    break;
                case 1:
                    int expected = Expected();
                    Assert.Equal(expected, bench.Apic.Acknowledge());
                    if (expected >= 0)
                    {
                        requested.Remove(expected);
                        served.Push(expected);
                    }

                    break;
                case 2:
                    Bench.Write(bench.Apic, Eoi, 0);
                    _ = served.TryPop(out _);
                    break;
                case 3:
                    tpr = vector & 0x7F;
                    Bench.Write(bench.Apic, Tpr, (uint)tpr);
                    break;
                default:
                    break;
            }

            Assert.Equal(Expected(), bench.Apic.PendingVector);
        }

        int Expected()
        {
            int floor = Math.Max(tpr >> 4, served.Count == 0 ? 0 : served.Max() >> 4);
            return requested.Where(v => v >> 4 > floor).DefaultIfEmpty(-1).Max();
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void OneShotTimer_FiresOnceAtDividedCount()
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, Divide, 0b0011);
        Bench.Write(bench.Apic, LvtTimer, 0x31);
        Bench.Write(bench.Apic, InitialCount, 100);
        Assert.Equal(1_000 + 1_600, bench.Apic.NextDeadline);
        bench.Clock.Nanoseconds = 1_800;
        Assert.Equal(50u, Bench.Read(bench.Apic, CurrentCount));
        bench.Apic.CheckTimer(2_599);
        Assert.Equal(-1, bench.Apic.PendingVector);
        bench.Apic.CheckTimer(2_600);
        Assert.Equal(0x31, bench.Apic.PendingVector);
        Assert.Equal(long.MaxValue, bench.Apic.NextDeadline);
        Assert.Equal(0u, Bench.Read(bench.Apic, CurrentCount));
    }

    [Theory]
    [InlineData(0b0000, 2)]
    [InlineData(0b0001, 4)]
    [InlineData(0b0010, 8)]
    [InlineData(0b0011, 16)]
    [InlineData(0b1000, 32)]
    [InlineData(0b1001, 64)]
    [InlineData(0b1010, 128)]
    [InlineData(0b1011, 1)]
    public void DivideConfiguration_DividesAsTheManualSays(uint code, long divisor)
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, Divide, code);
        Bench.Write(bench.Apic, InitialCount, 1000);
        Assert.Equal(1_000 + (1000 * divisor), bench.Apic.NextDeadline);
    }

    [Fact]
    public void PeriodicTimer_KeepsItsPhaseAndCountsMissedPeriodsOnce()
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, Divide, 0b1011);
        Bench.Write(bench.Apic, LvtTimer, 0x0002_0031);
        Bench.Write(bench.Apic, InitialCount, 1_000);
        bench.Clock.Nanoseconds = 4_300;
        Assert.Equal(700u, Bench.Read(bench.Apic, CurrentCount));
        bench.Apic.CheckTimer(4_300);
        Assert.Equal(0x31, bench.Apic.Acknowledge());
        Assert.Equal(5_000, bench.Apic.NextDeadline);
        Bench.Write(bench.Apic, InitialCount, 0);
        Assert.Equal(long.MaxValue, bench.Apic.NextDeadline);
    }

    [Fact]
    public void TscDeadline_CountsInGuestTsc_AndReadsZeroOnceFired()
    {
        Bench bench = new Bench().Enabled();
        bench.Apic.TscDeadline = 5_000;
        Assert.Equal(0u, bench.Apic.TscDeadline);
        Bench.Write(bench.Apic, LvtTimer, 0x0004_0031);
        bench.Apic.TscOffset = 2_000;
        bench.Apic.TscDeadline = 5_000;
        Assert.Equal(3_000, bench.Apic.NextDeadline);
        Assert.Equal(5_000u, bench.Apic.TscDeadline);
        bench.Apic.CheckTimer(3_000);
        Assert.Equal(0x31, bench.Apic.PendingVector);
        Assert.Equal(0u, bench.Apic.TscDeadline);
        bench.Apic.TscDeadline = ulong.MaxValue;
        bench.Apic.CheckTimer(long.MaxValue - 2);
        Assert.Equal(ulong.MaxValue, bench.Apic.TscDeadline);
        bench.Apic.TscDeadline = 0;
        Assert.Equal(long.MaxValue, bench.Apic.NextDeadline);
    }

    [Fact]
    public void MaskedTimer_RunsOutSilently()
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, LvtTimer, 0x0001_0031);
        Bench.Write(bench.Apic, InitialCount, 1);
        bench.Apic.CheckTimer(long.MaxValue - 1);
        Assert.Equal(-1, bench.Apic.PendingVector);
        Assert.Equal(long.MaxValue, bench.Apic.NextDeadline);
    }

    [Fact]
    public void SoftwareDisable_MasksTheWholeLocalVectorTable()
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, LvtTimer, 0x31);
        Bench.Write(bench.Apic, Svr, 0xFF);
        Assert.Equal(0x0001_0031u, Bench.Read(bench.Apic, LvtTimer));
        Bench.Write(bench.Apic, LvtTimer, 0x31);
        Assert.Equal(0x0001_0031u, Bench.Read(bench.Apic, LvtTimer));
    }

    [Fact]
    public void IllegalVectorsAndRegisters_ShowInErrorStatusAndRaiseItsInterrupt()
    {
        Bench bench = new Bench().Enabled();
        Bench.Write(bench.Apic, LvtError, 0xFE);
        bench.Apic.Accept(3, false);
        Assert.Equal(0xFE, bench.Apic.Acknowledge());
        Bench.Write(bench.Apic, IcrLow, 0x0004_0005);
        Bench.Write(bench.Apic, 0x3F0, 1);
        Assert.Equal(0u, Bench.Read(bench.Apic, Esr));
        Bench.Write(bench.Apic, Esr, 0);
        Assert.Equal(0xE0u, Bench.Read(bench.Apic, Esr));
        Bench.Write(bench.Apic, Esr, 0);
        Assert.Equal(0u, Bench.Read(bench.Apic, Esr));
    }

    [Fact]
    public void BaseRegister_AllowsOnlyTheTransitionsOfTheManual()
    {
        LocalApic apic = new Bench().Apic;
        Assert.False(apic.TryWriteBase(0xFEE0_0400));
        Assert.False(apic.TryWriteBase(1UL << 52 | 0xFEE0_0800));
        Assert.True(apic.TryWriteBase(0xFEE0_0C00));
        Assert.True(apic.IsX2Apic);
        Assert.False(apic.IsMmioVisible);
        Assert.Equal(0xFEE0_0D00u, apic.BaseRegister);
        Assert.False(apic.TryWriteBase(0xFEE0_0800));
        Assert.True(apic.TryWriteBase(0xFEE0_0000));
        Assert.False(apic.TryWriteBase(0xFEE0_0C00));
        Assert.True(apic.TryWriteBase(0xFEE0_0800));
    }

    [Fact]
    public void X2ApicRegisters_FaultWhereTheManualSays()
    {
        Bench bench = new(18);
        Assert.False(bench.Apic.TryReadRegister(2, out _));
        bench.InX2ApicMode();
        LocalApic apic = bench.Locals[17];
        Assert.True(apic.TryReadRegister(0x2, out ulong id));
        Assert.Equal(17u, id);
        Assert.True(apic.TryReadRegister(0xD, out ulong logical));
        Assert.Equal(0x0001_0002u, logical);
        foreach (uint index in new uint[] { 0x0, 0x1, 0x4, 0x9, 0xB, 0xE, 0x29, 0x31, 0x3A, 0x3F, 0x40, 0xFF })
        {
            Assert.False(apic.TryReadRegister(index, out _), $"read {index:X}");
        }

        foreach ((uint index, ulong value) in new (uint, ulong)[] { (0x2, 1), (0x3, 0), (0xA, 0), (0xB, 1), (0xD, 0), (0x28, 1), (0x39, 0), (0x8, 0x100), (0x38, 1UL << 32), (0x3F, 0x100), (0x30, 1 << 12) })
        {
            Assert.False(apic.TryWriteRegister(index, value), $"write {index:X}");
        }

        Assert.True(apic.TryWriteRegister(0x3F, 0x77));
        Assert.Equal(0x77, apic.Acknowledge());
        Assert.True(apic.TryWriteRegister(0xB, 0));
    }
}
