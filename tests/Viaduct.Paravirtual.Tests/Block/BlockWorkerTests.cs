using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Block;

public sealed class BlockWorkerTests
{
    private const int Queues = 2;
    private const ulong Region = 0x200000;

    [Theory]
    [InlineData(RingFeatures.None, true)]
    [InlineData(RingFeatures.Indirect | RingFeatures.EventIndex, true)]
    [InlineData(RingFeatures.Indirect | RingFeatures.EventIndex, false)]
    [InlineData(RingFeatures.Packed, true)]
    [InlineData(RingFeatures.Packed | RingFeatures.Indirect | RingFeatures.EventIndex, true)]
    [InlineData(RingFeatures.Packed | RingFeatures.Indirect | RingFeatures.EventIndex | RingFeatures.InOrder, false)]
    public void Workers_UnderLoadFromSeveralGuestThreads_LoseNoRequestAndNoInterrupt(RingFeatures features, bool workerPerQueue)
    {
        using TestGuest guest = new();
        MemoryBackend backend = new();
        BlockOptions options = new() { Name = "disk0", Queues = Queues, QueueSize = 32, WorkerPerQueue = workerPerQueue };
        using BlockDevice device = new(options, backend, guest.Counters);
        TestHost[] hosts = [new(), new()];
        device.Attach(hosts[0]);
        device.SetFeatures(device.Features);
        RingDriver[] drivers = new RingDriver[Queues];
        for (int i = 0; i < Queues; i++)
        {
            drivers[i] = RingDriver.Make(guest, 32, features, areas: 0x10000 + ((ulong)i * 0x80000), tables: 0x110000 + ((ulong)i * 0x10000));
            device.StartQueue(i, drivers[i].Queue(hosts[i]));
        }

        const int Requests = 20_000;
        int[] doorbells = new int[Queues];
        Thread[] threads = new Thread[Queues];
        Exception?[] errors = new Exception?[Queues];
        for (int i = 0; i < Queues; i++)
        {
            int queue = i;
            threads[i] = new Thread(() => errors[queue] = Record.Exception(() => doorbells[queue] = Drive(guest, device, drivers[queue], hosts[queue], queue, Requests)));
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.All(errors, Assert.Null);
        for (int i = 0; i < Queues; i++)
        {
            device.StopQueue(i);
            Assert.Null(hosts[i].Failure);
        }

        Assert.Equal(Queues * Requests, guest.Counters.Read().Requests);
        Assert.True(doorbells.Sum() < Queues * Requests, "a busy worker is not rung at");
    }

    /// <summary>What a guest's driver does: fill the ring, ring if asked to, take what is there, sleep until an interrupt.</summary>
    private static int Drive(TestGuest guest, BlockDevice device, RingDriver driver, TestHost host, int queue, int requests)
    {
        ulong region = Region + ((ulong)queue * 0x100000);
        guest.At<uint>(region) = 0;
        guest.At<ulong>(region + 8) = (ulong)queue;
        int doorbells = 0;
        int added = 0;
        int done = 0;
        while (done < requests)
        {
            driver.SuppressInterrupts();
            while (added < requests && driver.Free >= 3 && added - done < 20)
            {
                driver.Add(GuestBuffer.Read(region, 16), GuestBuffer.Write(region + 0x1000, 512), GuestBuffer.Write(region + 0x2000, 1));
                added++;
            }

            if (driver.ShouldNotify())
            {
                doorbells++;
                device.Notify(queue);
            }

            int before = done;
            while (driver.TryTake(out _, out uint written))
            {
                Assert.Equal(513u, written);
                done++;
            }

            if (done == before && !driver.AllowInterrupts())
            {
                host.Wait();
            }
        }

        return doorbells;
    }
}
