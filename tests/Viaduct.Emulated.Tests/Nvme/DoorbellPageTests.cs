using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

/// <summary>Doorbells that the guest sees as memory: nobody is told of a store while the worker watches.</summary>
public sealed class DoorbellPageTests
{
    private const int DoorbellBufferConfig = 1 << 8;

    [Fact]
    public void Store_WhileTheWorkerWatches_IsFoundUntold()
    {
        using NvmeHost host = Shown(out Trap trap, out DoorbellPage page);
        HostRing io = host.CreateQueues(1);
        for (int i = 0; i < 500; i++)
        {
            ushort id = host.Enqueue(io, new Command(IoOpcode.Flush));
            Store(page, trap, (uint)io.Tail);
            Complete(host, trap, page, io, id);
        }

        Assert.Empty(host.Log.Lines);
    }

    [Fact]
    public void Store_AfterTheWorkerSleeps_IsServedWhenRung()
    {
        using NvmeHost host = Shown(out Trap trap, out DoorbellPage page);
        HostRing io = host.CreateQueues(1);
        Assert.True(trap.Asked.WaitOne(TimeSpan.FromSeconds(30)), "The worker watches for ever");
        trap.Answer(page);
        ushort id = host.Enqueue(io, new Command(IoOpcode.Flush));
        Store(page, trap, (uint)io.Tail);
        Complete(host, trap, page, io, id);
        Assert.True(trap.GivenBack.WaitOne(TimeSpan.FromSeconds(30)), "The page stays trapped under work");
    }

    [Fact]
    public void Store_OfNoEntry_IsReportedOnceAndHarmsNothing()
    {
        using NvmeHost host = Shown(out Trap trap, out DoorbellPage page);
        HostRing io = host.CreateQueues(1);
        ushort request = host.Submit(host.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        Store(page, trap, 0xFFFF_FFFF);
        Complete(host, trap, page, host.Admin, request);
        ushort id = host.Enqueue(io, new Command(IoOpcode.Flush));
        Store(page, trap, (uint)io.Tail);
        Complete(host, trap, page, io, id);
    }

    [Fact]
    public void Identify_OffersShadowsOnlyWhereADoorbellCosts()
    {
        using NvmeHost shown = Shown(out _, out _);
        Assert.Equal(0, BitConverter.ToUInt16(shown.Identify(1), 256) & DoorbellBufferConfig);
        shown.Fails(NvmeStatus.InvalidOpcode, shown.Admin, new Command(AdminOpcode.DoorbellBufferConfig));
        using NvmeHost trapped = NvmeHost.Threaded();
        trapped.Enable();
        Assert.NotEqual(0, BitConverter.ToUInt16(trapped.Identify(1), 256) & DoorbellBufferConfig);
    }

    private static NvmeHost Shown(out Trap trap, out DoorbellPage page)
    {
        NvmeHost host = NvmeHost.Threaded();
        page = host.Device!.Function.Doorbells!;
        trap = new Trap();
        page.Trap = trap;
        host.Enable();
        return host;
    }

    /// <summary>What a guest's store to the first I/O queue's tail comes to: told only while the page is trapped.</summary>
    private static unsafe void Store(DoorbellPage page, Trap trap, uint value)
    {
        const int FirstTail = 2;
        Interlocked.Exchange(ref ((uint*)page.Memory.Pointer)[FirstTail], value);
        if (trap.Holds)
        {
            page.Ring();
        }
    }

    /// <summary>Takes the completion; a worker that wants to sleep meanwhile, on a slow machine, is answered as a host would.</summary>
    private static void Complete(NvmeHost host, Trap trap, DoorbellPage page, HostRing ring, ushort id)
    {
        host.Settle(() =>
        {
            if (trap.Asked.WaitOne(0))
            {
                trap.Answer(page);
            }

            return host.IsThere(ring);
        });
        Assert.Equal(id, host.Take(ring).Id);
    }

    private sealed class Trap : IDoorbellTrap
    {
        private bool _holds = true;
        private long _ticket;

        public AutoResetEvent Asked { get; } = new(false);

        public AutoResetEvent GivenBack { get; } = new(false);

        public bool Holds => Volatile.Read(ref _holds);

        public void Arm(long ticket)
        {
            _ticket = ticket;
            Asked.Set();
        }

        public void Disarm()
        {
            Volatile.Write(ref _holds, false);
            GivenBack.Set();
        }

        public void Answer(DoorbellPage page)
        {
            Volatile.Write(ref _holds, true);
            page.Trapped(_ticket);
        }
    }
}
