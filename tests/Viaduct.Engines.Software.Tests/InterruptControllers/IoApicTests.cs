using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

public sealed class IoApicTests
{
    private const ulong Level = 1 << 15;
    private const ulong Masked = 1 << 16;

    [Fact]
    public void AfterReset_AllPinsAreMasked()
    {
        Bench bench = new();
        Assert.Equal(0x0017_0020u, bench.ReadIo(1));
        for (int pin = 0; pin < 24; pin++)
        {
            Assert.Equal(0x1_0000u, bench.ReadIo(0x10 + (2 * pin)));
        }

        Assert.Equal(0u, bench.ReadIo(0x40));
    }

    [Fact]
    public void EdgePin_DeliversOncePerRise()
    {
        Bench bench = new Bench().Enabled();
        IInterruptLine line = bench.IoApic.Line(4);
        bench.SetPin(4, 0x34);
        line.Set(true);
        line.Set(true);
        Assert.Equal(0x34, bench.Apic.Acknowledge());
        Bench.Write(bench.Apic, 0xB0, 0);
        Assert.Equal(-1, bench.Apic.PendingVector);
        line.Set(false);
        line.Set(true);
        Assert.Equal(0x34, bench.Apic.PendingVector);
    }

    [Fact]
    public void LevelPin_RedeliversAtEoiWhileAnySourceAsserts()
    {
        Bench bench = new Bench().Enabled();
        IInterruptLine one = bench.IoApic.Line(10);
        IInterruptLine two = bench.IoApic.Line(10);
        bench.SetPin(10, 0x3A | Level);
        one.Set(true);
        two.Set(true);
        Assert.Equal(0x3A, bench.Apic.Acknowledge());
        Assert.Equal(0xC03Au, bench.ReadIo(0x10 + 20));
        one.Set(false);
        Bench.Write(bench.Apic, 0xB0, 0);
        Assert.Equal(0x3A, bench.Apic.Acknowledge());
        two.Set(false);
        Bench.Write(bench.Apic, 0xB0, 0);
        Assert.Equal(-1, bench.Apic.PendingVector);
        Assert.Equal(0x803Au, bench.ReadIo(0x10 + 20));
    }

    [Fact]
    public void LevelPin_AssertedWhileMasked_DeliversWhenUnmasked()
    {
        Bench bench = new Bench().Enabled();
        bench.SetPin(10, 0x3A | Level | Masked);
        bench.IoApic.Line(10).Set(true);
        Assert.Equal(-1, bench.Apic.PendingVector);
        bench.SetPin(10, 0x3A | Level);
        Assert.Equal(0x3A, bench.Apic.PendingVector);
    }

    [Fact]
    public void EoiRegister_EndsAsALocalApicDoes()
    {
        Bench bench = new Bench().Enabled();
        bench.SetPin(10, 0x3A | Level);
        IInterruptLine line = bench.IoApic.Line(10);
        line.Set(true);
        line.Set(false);
        bench.IoApic.Write(0x40, 4, 0x3B);
        Assert.Equal(0xC03Au, bench.ReadIo(0x10 + 20));
        bench.IoApic.Write(0x40, 4, 0x3A);
        Assert.Equal(0x803Au, bench.ReadIo(0x10 + 20));
    }

    [Fact]
    public void RemoteIrr_IsReadOnly_AndGoesWithTheSwitchToEdge()
    {
        Bench bench = new Bench().Enabled();
        bench.SetPin(3, 0x33 | Level | 0x5000);
        Assert.Equal(0x8033u, bench.ReadIo(0x16));
        bench.IoApic.Line(3).Set(true);
        bench.SetPin(3, 0x33 | Level | Masked);
        Assert.Equal(0x1_C033u, bench.ReadIo(0x16));
        bench.SetPin(3, 0x33 | Masked);
        Assert.Equal(0x1_0033u, bench.ReadIo(0x16));
    }

    [Fact]
    public void Entry_ReachesLogicalDestination()
    {
        Bench bench = new Bench(2).Enabled();
        Bench.Write(bench.Locals[1], 0xD0, 0x0200_0000);
        bench.SetPin(5, 0x0200_0000_0000_0835);
        Assert.Equal(0x0200_0000u, bench.ReadIo(0x1B));
        bench.IoApic.Line(5).Set(true);
        Assert.Equal(-1, bench.Apic.PendingVector);
        Assert.Equal(0x35, bench.Locals[1].PendingVector);
    }

    [Fact]
    public void Line_OfAPinThatIsNotThere_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Bench().IoApic.Line(24));
}
