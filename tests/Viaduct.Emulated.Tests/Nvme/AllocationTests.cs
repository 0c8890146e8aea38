using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class AllocationTests
{
    [Theory]
    [InlineData(IoOpcode.Read, 8)]
    [InlineData(IoOpcode.Write, 256)]
    [InlineData(IoOpcode.Flush, 1)]
    [InlineData(IoOpcode.WriteZeroes, 64)]
    [InlineData(IoOpcode.Compare, 16)]
    public void Command_InSteadyState_AllocatesNothing(object opcode, int blocks)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Record = false;
        (ulong prp1, ulong prp2) = PrpTests.Contiguous(host, host.Allocate(1 << 20), blocks * 512);
        for (int i = 0; i < io.Entries; i++)
        {
            host.Enqueue(io, new Command((IoOpcode)opcode) { Data1 = prp1, Data2 = prp2 }.WithBlocks(0, (uint)blocks));
        }

        Run(host, io, 2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(host, io, 2000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(NvmeStatus.Success, host.Take(io).Status);
    }

    [Fact]
    public void ShadowDoorbells_InSteadyState_AllocateNothing()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Record = false;
        ulong shadow = host.Allocate(4096);
        host.Success(host.Execute(host.Admin, new Command(AdminOpcode.DoorbellBufferConfig) { Data1 = shadow, Data2 = host.Allocate(4096) }));
        for (int i = 0; i < io.Entries; i++)
        {
            host.Enqueue(io, new Command(IoOpcode.Flush));
        }

        RunShadowed(host, io, shadow + 8, 2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RunShadowed(host, io, shadow + 8, 2000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Goes round the ring with the entries that are in it, consuming by doorbell alone.</summary>
    private static void Run(NvmeHost host, HostRing ring, int commands)
    {
        for (int i = 0; i < commands; i++)
        {
            ring.Tail = (ring.Tail + 1) % ring.Entries;
            host.Controller.Doorbells.Write((ulong)ring.Id * 8, 4, (ulong)ring.Tail);
            while (host.Controller.DoWork())
            {
            }

            host.Controller.Doorbells.Write(((ulong)ring.Id * 8) + 4, 4, (ulong)ring.Tail);
        }
    }

    private static void RunShadowed(NvmeHost host, HostRing ring, ulong shadow, int commands)
    {
        for (int i = 0; i < commands; i++)
        {
            ring.Tail = (ring.Tail + 1) % ring.Entries;
            host.Memory.TryWrite(shadow, (uint)ring.Tail);
            while (host.Controller.DoWork())
            {
            }

            host.Memory.TryWrite(shadow + 4, (uint)ring.Tail);
        }
    }
}
