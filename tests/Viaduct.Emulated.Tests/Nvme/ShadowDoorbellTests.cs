using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class ShadowDoorbellTests
{
    [Fact]
    public void Doorbells_OfIoQueues_MayBecomeEventfdsWhileTheirValuesAreInMemory()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(1 << 20);
            }

            using RawBlockBackend disk = RawBlockBackend.Open(new RawBlockOptions { Path = path, Engine = BlockEngine.IoUring });
            using NvmeHost host = NvmeHost.Threaded(disk);
            BarRegion page = host.Device!.Function.Bars[0].Regions.ToArray().Single(region => region.Offset == NvmeDoorbells.PageOffset);
            host.Enable();
            HostRing io = host.CreateQueues(1);
            Assert.Empty(page.Signals);
            (ulong doorbells, ulong events) = Configure(host);
            host.Settle(() => page.Signals.Count != 0);
            Assert.Equal([8UL, 12], page.Signals.Select(signal => signal.Offset));

            // Rung by the eventfd alone, the controller looks into the shadow.
            long rung = host.Counters.Read().Doorbells;
            ushort id = host.Enqueue(io, new Command(IoOpcode.Flush));
            Assert.True(Publish(host, doorbells + 8, events + 8, io.Tail));
            page.Signals[0].Signal.Signal();
            host.Settle(() => host.IsThere(io));
            Assert.Equal(id, TakeSilently(host, io).Id);
            Assert.Equal(rung + 1, host.Counters.Read().Doorbells);

            host.Disable();
            Assert.Empty(page.Signals);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Tail_InMemory_IsFoundWhileTheWorkerIsAwake_AndRungForWhenItSleeps()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong doorbells, ulong events) = Configure(host);
        ulong tail = doorbells + 8;
        long rung = host.Counters.Read().Doorbells;
        int rings = 0;
        for (int i = 0; i < 300; i++)
        {
            ushort id = host.Enqueue(io, new Command(IoOpcode.Flush));
            rings += Publish(host, tail, events + 8, io.Tail) ? 1 : 0;
            host.Pump();
            Completion completion = TakeSilently(host, io);
            Assert.Equal(id, completion.Id);
            Publish(host, tail + 4, events + 12, io.Head, ring: false);
        }

        // The worker came to rest after each: it had to be rung each time, by EventIdx' own rule.
        Assert.Equal(300, rings);
        Assert.Equal(rung, host.Counters.Read().Doorbells);
    }

    [Fact]
    public void Batches_InMemory_NeedOneRingEach()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong doorbells, ulong events) = Configure(host);
        int rings = 0;
        for (int batch = 0; batch < 50; batch++)
        {
            for (int i = 0; i < 10; i++)
            {
                host.Enqueue(io, new Command(IoOpcode.Flush));
                rings += Publish(host, doorbells + 8, events + 8, io.Tail) ? 1 : 0;
            }

            host.Pump();
            for (int i = 0; i < 10; i++)
            {
                TakeSilently(host, io);
            }

            Publish(host, doorbells + 12, events + 12, io.Head, ring: false);
        }

        Assert.Equal(50, rings);
    }

    [Fact]
    public void FullCompletionQueue_IsRungFor()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        HostRing io = host.CreateQueues(2, entries: 16, completionEntries: 4);
        (ulong doorbells, ulong events) = Configure(host);
        for (int i = 0; i < 7; i++)
        {
            host.Enqueue(io, new Command(IoOpcode.Flush));
        }

        Publish(host, doorbells + 16, events + 16, io.Tail);
        host.Pump();
        for (int i = 0; i < 3; i++)
        {
            TakeSilently(host, io);
        }

        Assert.False(host.IsThere(io));
        Assert.True(Publish(host, doorbells + 20, events + 20, io.Head));
        host.RingHead(2, (uint)io.Head);
        host.Pump();
        Assert.True(host.IsThere(io));
    }

    [Fact]
    public void Configuration_InMidLife_CarriesTheTailsOver()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        for (int i = 0; i < 5; i++)
        {
            host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
        }

        (ulong doorbells, _) = Configure(host);
        Assert.Equal(5u, host.GetDword(doorbells + 8));
        Assert.False(host.IsThere(io));
    }

    [Fact]
    public void NonsenseInMemory_IsIgnored()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong doorbells, _) = Configure(host);
        host.Put(doorbells + 8, 0xFFFF_FFFF_FFFF_FFFF);
        host.RingTail(1, 3);
        host.Pump();
        Assert.False(host.IsThere(io));
        Assert.Equal(1u, host.Status);
    }

    [Fact]
    public void Configuration_ThatIsWrong_IsRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        ulong page = host.Allocate(4096);
        host.Fails(NvmeStatus.InvalidPrpOffset, host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = page + 8, Data2 = page });
        host.Fails(NvmeStatus.InvalidPrpOffset, host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = page, Data2 = page + 8 });
        host.Fails(NvmeStatus.DataTransferError, host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = NvmeHost.RamLength, Data2 = page });
        host.Fails(NvmeStatus.DataTransferError, host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = page, Data2 = NvmeHost.RamLength });
        Assert.Equal(1u, host.Status);
    }

    private static (ulong Doorbells, ulong Events) Configure(NvmeHost host)
    {
        ulong doorbells = host.Allocate(4096);
        ulong events = host.Allocate(4096);
        host.Success(host.Execute(host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = doorbells, Data2 = events }));
        host.Settle(() => true);
        return (doorbells, events);
    }

    /// <summary>Stores an index, and says whether the register must be written: the index has passed the one in EventIdx.</summary>
    private static bool Publish(NvmeHost host, ulong shadow, ulong eventIndex, int value, bool ring = true)
    {
        ushort before = (ushort)host.GetDword(shadow);
        Assert.True(host.Memory.TryWrite(shadow, (uint)value));
        ushort asked = (ushort)host.GetDword(eventIndex);
        return ring && (ushort)(value - asked - 1) < (ushort)(value - before);
    }

    private static Completion TakeSilently(NvmeHost host, HostRing ring)
    {
        Assert.True(host.TryTake(ring, out Completion completion, acknowledge: false), "No completion");
        return completion;
    }
}
