using Viaduct.Machine.Specification;
using Viaduct.Machine.Tests.Bare;
using Viaduct.Platform.Accounting;
using Xunit;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>
/// Random accesses to ports, registers and configuration space, with DMA-capable devices let loose on random queues. A
/// long run by hand: <c>VIADUCT_HOSTILE_CASES=10000 VIADUCT_SEED=1 ./test --filter RandomAccess</c>; a failure names its seed.
/// </summary>
public sealed class RandomAccessTests
{
    private static readonly Lazy<(ulong Nvme, ulong Virtio)> _bars = new(FindBars);

    [Fact]
    public void AnyAccesses_LeaveTheMonitorAndForeignMemoryAlone() => HostileCases.Check(60, Case);

    [Fact]
    public void MachineThatIsStoppedAtAnyMoment_CanBeTakenApart() => HostileCases.Check(30, StoppedCase);

    [Fact]
    public void Accesses_GetAsFarAsRequestsOnBothRoads()
    {
        DeviceCounts[] sums = new DeviceCounts[2];
        for (int seed = 1; seed <= 10; seed++)
        {
            using HostileDisk disk = new();
            using BareMachine bare = new(Kernel(seed), AccessGuest.Memory, Disks(disk));
            _ = bare.RunToEnd();
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += bare.Machine.Devices[i].Counters.Read();
            }
        }

        Assert.All(sums, sum => Assert.True(sum.Requests > 20 && sum.BackendOperations > 5 && sum.DmaWrittenBytes > 1000, sum.ToString()));
    }

    private static byte[] Kernel(int seed) => new AccessPlan(new Random(seed), _bars.Value.Nvme, _bars.Value.Virtio).Build();

    private static void StoppedCase(int seed)
    {
        using HostileDisk disk = new();
        using BareMachine bare = new(Kernel(seed), AccessGuest.Memory, Disks(disk));
        long moment = new Random(seed).Next(400_000);
        bare.Machine.Start();
        _ = SpinWait.SpinUntil(() => bare.Machine.Exited.IsCompleted || bare.Machine.Instructions > moment, TimeSpan.FromSeconds(1));
        bare.Machine.Stop();
        bare.Dispose();
        MachineExit exit = bare.Machine.Exited.Result;
        Assert.True(exit.Reason is MachineExitReason.Stopped or MachineExitReason.PowerOff, $"seed {seed}: {exit}");
    }

    private static void Case(int seed)
    {
        using HostileDisk disk = new();
        using BareMachine bare = new(Kernel(seed), AccessGuest.Memory, Disks(disk));
        (MachineExit exit, string text) = bare.RunToEnd();
        Assert.True(exit.Reason == MachineExitReason.PowerOff && text.EndsWith("ok", StringComparison.Ordinal), $"seed {seed}: {exit} after \"{text}\"");
    }

    private static (ulong Nvme, ulong Virtio) FindBars()
    {
        using HostileDisk disk = new();
        using BareMachine bare = new(new AccessGuest().Build(), AccessGuest.Memory, Disks(disk));
        ulong[] bars = [.. bare.Machine.Devices.Select(device => device.Function.ReadConfig(0x10, 4) & ~0xFUL)];
        Assert.All(bars, bar => Assert.InRange(bar, MemoryLayout.Mmio32Start, MemoryLayout.EcamStart - 1));
        return (bars[0], bars[1]);
    }

    private static DiskSpec[] Disks(HostileDisk disk) => [disk.Emulated, disk.Paravirtual];
}
