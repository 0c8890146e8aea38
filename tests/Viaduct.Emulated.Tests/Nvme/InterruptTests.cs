using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class InterruptTests
{
    [Fact]
    public void Batch_RaisesItsVectorOnce()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        HostRing other = host.CreateQueues(2, vector: 5);
        HostRing silent = host.CreateQueues(3, vector: 7, interrupts: false);
        foreach (HostRing ring in new[] { io, other, silent })
        {
            for (int i = 0; i < 10; i++)
            {
                host.Enqueue(ring, new Command(IoOpcode.Read, 9));
            }

            host.RingTail(ring.Id, (uint)ring.Tail);
        }

        host.Pump();
        Assert.Equal(1, host.Vectors.Signals[1]);
        Assert.Equal(1, host.Vectors.Signals[5]);
        Assert.Equal(0, host.Vectors.Signals[7]);
    }

    [Fact]
    public void Pin_StandsWhileEntriesAreUnconsumed_AndIsMasked()
    {
        using NvmeHost host = new();
        host.UsePin();
        host.Enable();
        HostRing io = host.CreateQueues(1, vector: 0);
        Assert.False(Settled(host));
        host.Submit(io, new Command(IoOpcode.Flush));
        host.Submit(io, new Command(IoOpcode.Flush));
        Assert.True(Settled(host));
        host.Write(NvmeRegister.InterruptMaskSet, 1);
        Assert.False(Settled(host));
        host.Write(NvmeRegister.InterruptMaskClear, 1);
        Assert.True(Settled(host));
        host.Take(io);
        Assert.True(Settled(host));
        host.Take(io);
        Assert.False(Settled(host));
        Assert.Equal(new int[16], host.Vectors.Signals);
    }

    [Fact]
    public void Pin_FallsAtAReset()
    {
        using NvmeHost host = new();
        host.UsePin();
        host.Enable();
        HostRing io = host.CreateQueues(1, vector: 0);
        host.Submit(io, new Command(IoOpcode.Flush));
        Assert.True(Settled(host));
        host.Disable();
        Assert.False(Settled(host));
    }

    private static bool Settled(NvmeHost host)
    {
        host.Pump();
        return host.Pin.Asserted;
    }
}
