using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class InterruptCoalescingTests
{
    private const byte Coalescing = 8;
    private const byte VectorConfiguration = 9;

    /// <summary>A millisecond, four entries.</summary>
    private const uint MillisecondOrFour = (10 << 8) | 3;

    [Fact]
    public void Entries_BelowTheThreshold_WaitForTheirTime()
    {
        using NvmeHost host = Coalesced(out HostRing io);
        Flush(host, io, 3);
        Assert.Equal(0, host.Vectors.Signals[1]);
        host.Time.Advance(TimeSpan.FromMicroseconds(900));
        host.Pump();
        Assert.Equal(0, host.Vectors.Signals[1]);
        host.Time.Advance(TimeSpan.FromMicroseconds(100));
        host.Pump();
        Assert.Equal(1, host.Vectors.Signals[1]);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        host.Pump();
        Assert.Equal(1, host.Vectors.Signals[1]);
    }

    [Fact]
    public void Entries_AtTheThreshold_AreAnnouncedAtOnce()
    {
        using NvmeHost host = Coalesced(out HostRing io);
        Flush(host, io, 3);
        Flush(host, io, 1);
        Assert.Equal(1, host.Vectors.Signals[1]);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        host.Pump();
        Assert.Equal(1, host.Vectors.Signals[1]);
    }

    [Fact]
    public void Vectors_AreHeldEachForItself()
    {
        using NvmeHost host = Coalesced(out HostRing io);
        HostRing other = host.CreateQueues(2, vector: 5);
        Flush(host, io, 3);
        host.Time.Advance(TimeSpan.FromMicroseconds(500));
        Flush(host, other, 3);
        Assert.Equal(0, host.Vectors.Signals[1] + host.Vectors.Signals[5]);
        host.Time.Advance(TimeSpan.FromMicroseconds(500));
        host.Pump();
        Assert.Equal((1, 0), (host.Vectors.Signals[1], host.Vectors.Signals[5]));
        host.Time.Advance(TimeSpan.FromMilliseconds(1));
        host.Pump();
        Assert.Equal((1, 1), (host.Vectors.Signals[1], host.Vectors.Signals[5]));
    }

    [Fact]
    public void Vector_ThatIsExempt_IsAnnouncedAtOnce()
    {
        using NvmeHost host = Coalesced(out HostRing io);
        Set(host, VectorConfiguration, (1 << 16) | 1);
        Flush(host, io, 1);
        Assert.Equal(1, host.Vectors.Signals[1]);
    }

    [Fact]
    public void Reset_ForgetsWhatWaits()
    {
        using NvmeHost host = Coalesced(out HostRing io);
        Flush(host, io, 1);
        host.Disable();
        host.Enable();
        host.Time.Advance(TimeSpan.FromSeconds(1));
        host.Pump();
        Assert.Equal(0, host.Vectors.Signals[1]);
    }

    private static NvmeHost Coalesced(out HostRing io)
    {
        NvmeHost host = NvmeHost.Ready(out io);
        Set(host, Coalescing, MillisecondOrFour);
        return host;
    }

    private static void Set(NvmeHost host, byte feature, uint value) =>
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, feature, value)));

    private static void Flush(NvmeHost host, HostRing ring, int count)
    {
        for (int i = 0; i < count; i++)
        {
            host.Enqueue(ring, new Command(IoOpcode.Flush, 1));
        }

        host.RingTail(ring.Id, (uint)ring.Tail);
        host.Pump();
    }
}
