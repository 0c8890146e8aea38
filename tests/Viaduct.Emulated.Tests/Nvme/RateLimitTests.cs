using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class RateLimitTests
{
    [Fact]
    public void Operations_AreHeldToTheirRate()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        hosts.Subsystem.SetLimit(1, new NvmeRateLimit { OperationsPerSecond = 100, Burst = TimeSpan.FromMilliseconds(50) });
        Enqueue(first, io, 40, 1);
        Assert.Equal(5, Done(first, io));
        Step(first, 100);
        Assert.Equal(10, Done(first, io));
        // A long rest saves no more than the burst.
        Step(first, 1000);
        Assert.InRange(Done(first, io), 5, 6);
        hosts.Subsystem.SetLimit(1, null);
        first.Pump();
        Assert.InRange(Done(first, io), 19, 20);
    }

    [Fact]
    public void Bytes_AreHeldToTheirRate_WhateverTheSizeOfACommand()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        hosts.Subsystem.SetLimit(1, new NvmeRateLimit { BytesPerSecond = 64 << 10, Burst = TimeSpan.Zero });
        Enqueue(first, io, 8, 128);
        Assert.Equal(1, Done(first, io));
        for (int command = 0; command < 7; command++)
        {
            Step(first, 900);
            Assert.Equal(0, Done(first, io));
            Step(first, 101);
            Assert.Equal(1, Done(first, io));
        }
    }

    [Fact]
    public void ALimit_HoldsNeitherTheAdminQueueNorAnotherController()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing one);
        NvmeHost second = hosts.AddReady(2, out HostRing two);
        hosts.Subsystem.SetLimit(1, new NvmeRateLimit { OperationsPerSecond = 1, Burst = TimeSpan.Zero });
        Enqueue(first, one, 10, 1);
        Assert.Equal(1, Done(first, one));
        first.Identify(1);
        Enqueue(second, two, 30, 1, nsid: 3);
        Assert.Equal(30, Done(second, two));
        // The limit stays with the controller's place, and a reset lets go of what waits.
        first.Disable();
        first.Enable();
        one = first.CreateQueues(1);
        Enqueue(first, one, 10, 1);
        Assert.InRange(Done(first, one), 0, 1);
    }

    [Fact]
    public void Limits_OutOfRange_AreRefused()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        Assert.Throws<ArgumentOutOfRangeException>(() => hosts.Subsystem.SetLimit(3, null));
        Assert.Throws<ArgumentOutOfRangeException>(() => hosts.Subsystem.SetLimit(1, new NvmeRateLimit { BytesPerSecond = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => hosts.Subsystem.SetLimit(1, new NvmeRateLimit { OperationsPerSecond = -1 }));
    }

    private static void Enqueue(NvmeHost host, HostRing io, int count, uint blocks, uint nsid = 2)
    {
        ulong buffer = host.Allocate(1 << 20);
        ulong list = host.Allocate(4096);
        for (uint page = 1; page < 256; page++)
        {
            host.Put(list + ((page - 1) * 8), buffer + (page * 4096));
        }

        for (int i = 0; i < count; i++)
        {
            host.Enqueue(io, new Command(IoOpcode.Read, nsid) { Data1 = buffer, Data2 = list }.WithBlocks(0, blocks));
        }

        host.RingTail(io.Id, (uint)io.Tail);
        host.Pump();
    }

    private static void Step(NvmeHost host, int milliseconds)
    {
        // Small steps, as a timer makes them.
        for (int i = 0; i < milliseconds; i++)
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(1));
            host.Pump();
            if (milliseconds >= 1000 && i == 0)
            {
                host.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                host.Pump();
                return;
            }
        }
    }

    private static int Done(NvmeHost host, HostRing io)
    {
        int count = 0;
        while (host.TryTake(io, out _))
        {
            count++;
        }

        host.Pump();
        return count;
    }
}
