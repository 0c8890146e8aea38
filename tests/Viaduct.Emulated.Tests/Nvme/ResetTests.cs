using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class ResetTests
{
    [Fact]
    public void Reset_WaitsForTheDisk_AndCompletesNothing()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        host.Disk.Hold = true;
        for (int i = 0; i < 20; i++)
        {
            host.Enqueue(io, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 1));
        }

        host.RingTail(1, (uint)io.Tail);
        host.Pump();
        host.Write(NvmeRegister.Configuration, 0);
        host.Pump();
        Assert.Equal(1u, host.Status);
        host.Disk.Hold = false;
        host.Pump();
        Assert.Equal(0u, host.Status);
        Assert.False(host.TryTake(io, out _));
        host.Enable();
        io = host.CreateQueues(1);
        host.Success(host.Execute(io, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 1)));
    }

    [Fact]
    public void Reset_FollowedByEnableAtOnce_IsNotMissed()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        host.Write(NvmeRegister.Configuration, 0);
        host.Write(NvmeRegister.Configuration, NvmeHost.Enabled());
        host.Pump();
        Assert.Equal(1u, host.Status);

        // The I/O queues are gone: the doorbell is now an error, and the number of queues can be set.
        host.RingTail(1, 1);
        host.Pump();
        host.Admin.Tail = host.Admin.Head = 0;
        host.Admin.Phase = true;
        host.Put(host.Admin.Completion, new byte[host.Admin.Entries * 16]);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x0003_0003)));
    }

    [Fact]
    public void Reset_BringsFeaturesBack_ButNotTheFormat()
    {
        using NvmeHost host = new();
        host.Enable();
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 6, 0)));
        Command format = new(AdminOpcode.FormatNvm, 1);
        format[10] = 1;
        host.Success(host.Execute(host.Admin, format));
        host.Disable();
        host.Enable();
        Assert.Equal(1u, host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 6))));
        Assert.Equal(1, host.Identify(0, 1)[26]);
    }

    [Fact]
    public void Reset_OfCommandsThatWaitForARing_ForgetsThem()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        HostRing io = host.CreateQueues(2, completionEntries: 2);
        for (int i = 0; i < 10; i++)
        {
            host.Enqueue(io, new Command(IoOpcode.Flush));
        }

        host.RingTail(2, (uint)io.Tail);
        host.Pump();
        host.Disable();
        host.Enable();
        io = host.CreateQueues(2);
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
    }
}
