using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

public sealed class InterruptRouterTests
{
    [Theory]
    [InlineData(0xFEE0_1000UL, 0x45u, "-1 69 -1")]
    [InlineData(0xFEEF_F000UL, 0x45u, "69 69 69")]
    [InlineData(0xFEE0_6004UL, 0x45u, "-1 69 69")]
    [InlineData(0xFEE0_600CUL, 0x45u, "-1 69 -1")]
    [InlineData(0xFEE0_6004UL, 0x145u, "-1 69 -1")]
    [InlineData(0xFED0_1000UL, 0x45u, "-1 -1 -1")]
    [InlineData(0x1_FEE0_1000UL, 0x45u, "-1 -1 -1")]
    [InlineData(0xFEE0_9000UL, 0x45u, "-1 -1 -1")]
    public void Signal_ReachesTheAddressedProcessors(ulong address, uint data, string expected)
    {
        Bench bench = new Bench(3).Enabled();
        SetFlatLogicalIds(bench);
        bench.Router.Signal(0x10, address, data);
        Assert.Equal(expected, Pending(bench));
    }

    [Fact]
    public void LowestPriority_PrefersTheProcessorThatDoesTheLeast()
    {
        Bench bench = new Bench(3).Enabled();
        SetFlatLogicalIds(bench);
        bench.Locals[0].Cr8 = 3;
        bench.Locals[1].Cr8 = 2;
        bench.Locals[2].Cr8 = 4;
        bench.Router.Signal(0, 0xFEE0_7004, 0x1F1);
        Assert.Equal("-1 241 -1", Pending(bench));
    }

    [Fact]
    public void ClusterModel_MatchesClusterAndMember()
    {
        Bench bench = new Bench(3).Enabled();
        for (int i = 0; i < 3; i++)
        {
            Bench.Write(bench.Locals[i], 0xE0, 0);
            Bench.Write(bench.Locals[i], 0xD0, (i < 2 ? 0x10u + (1u << i) : 0x21u) << 24);
        }

        bench.Router.Signal(0, 0xFEE1_3004, 0x45);
        Assert.Equal("69 69 -1", Pending(bench));
        bench.Router.Signal(0, 0xFEE2_1004, 0x46);
        Assert.Equal("69 69 70", Pending(bench));
    }

    [Fact]
    public void X2ApicIcr_ReachesLogicalClustersAndWidePhysicalIds()
    {
        Bench bench = new Bench(18).InX2ApicMode();
        Assert.True(bench.Apic.TryWriteRegister(0x30, 0x0001_0003_0000_0845));
        Assert.True(bench.Apic.TryWriteRegister(0x30, 0x0000_0005_0000_0046));
        int[] pending = [.. bench.Locals.Select(a => a.PendingVector)];
        Assert.Equal(0x45, pending[16]);
        Assert.Equal(0x45, pending[17]);
        Assert.Equal(0x46, pending[5]);
        Assert.Equal(15, pending.Count(v => v < 0));
    }

    [Theory]
    [InlineData(0x0004_0045u, "69 -1 -1")]
    [InlineData(0x0008_0045u, "69 69 69")]
    [InlineData(0x000C_0045u, "-1 69 69")]
    [InlineData(0x0000_0045u, "-1 -1 69")]
    public void IcrShorthands_ReachWhomTheyName(uint command, string expected)
    {
        Bench bench = new Bench(3).Enabled();
        Bench.Write(bench.Apic, 0x310, 2u << 24);
        Bench.Write(bench.Apic, 0x300, command);
        Assert.Equal(expected, Pending(bench));
        Assert.Equal(command, Bench.Read(bench.Apic, 0x300));
    }

    [Fact]
    public void Icr_NmiInitAndStartUp_WaitToBeTaken()
    {
        Bench bench = new Bench(2).Enabled();
        LocalApic other = bench.Locals[1];
        Bench.Write(bench.Apic, 0x310, 1u << 24);
        Bench.Write(bench.Apic, 0x300, 0x400);
        Assert.True(other.IsNmiPending);
        Assert.True(other.TakeNmi());
        Assert.False(other.TakeNmi());
        Bench.Write(bench.Apic, 0x300, 0xC500);
        Assert.True(other.IsResetPending);
        Assert.True(other.TakeInit());
        Bench.Write(bench.Apic, 0x300, 0x8500);
        Assert.False(other.TakeInit());
        Bench.Write(bench.Apic, 0x300, 0x69A);
        Assert.True(other.TakeStartUp(out int page));
        Assert.Equal(0x9A, page);
        Assert.False(other.TakeStartUp(out _));
        Assert.Equal(0, bench.Kicks[0].Count);
        Assert.Equal(3, bench.Kicks[1].Count);
    }

    private static void SetFlatLogicalIds(Bench bench)
    {
        for (int i = 0; i < bench.Locals.Length; i++)
        {
            Bench.Write(bench.Locals[i], 0xD0, 1u << (24 + i));
        }
    }

    private static string Pending(Bench bench) => string.Join(' ', bench.Locals.Select(a => a.PendingVector));
}
