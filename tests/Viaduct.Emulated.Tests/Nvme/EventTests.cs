using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class EventTests
{
    [Fact]
    public void Resize_IsReported_OnceTheHostAsksForIt()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x0B, 0x100)));
        ushort request = Ask(host);
        host.Disk.Resize(16 << 20);
        host.Pump();
        Assert.Equal(new Completion((uint)AsyncEvent.NamespaceAttributeChanged, host.Admin.Tail, 0, request, NvmeStatus.Success), host.Take(host.Admin));
        Assert.Equal(32768UL, BinaryPrimitives.ReadUInt64LittleEndian(host.Identify(0, 1)));

        // Silent until the log page is read.
        request = Ask(host);
        host.Disk.Resize(4 << 20);
        host.Pump();
        Assert.False(host.TryTake(host.Admin, out _));
        Assert.Equal(1, host.GetLog(4, 4096, retain: true)[0]);
        Assert.Equal(1, host.GetLog(4, 4096)[0]);
        Assert.Equal(0, host.GetLog(4, 4096)[0]);
        host.Disk.Resize(8 << 20);
        host.Pump();
        Assert.Equal(request, host.Take(host.Admin).Id);
        host.Fails(NvmeStatus.LbaOutOfRange, io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(16384, 1));
    }

    [Fact]
    public void Resize_IsNotReported_WhenTheHostDidNotAskForNotices()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        Ask(host);
        host.Disk.Resize(16 << 20);
        host.Pump();
        Assert.False(host.TryTake(host.Admin, out _));
        Assert.Equal(1, host.GetLog(4, 4096)[0]);
    }

    [Fact]
    public void WrongDoorbells_AreReported()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        Ask(host);
        host.RingTail(9, 1);
        host.Pump();
        Assert.Equal(0x01_00_00u, host.Take(host.Admin).Result);
        host.GetLog(1, 64);
        Ask(host);
        host.RingTail(1, 64);
        host.Pump();
        Assert.Equal(0x01_01_00u, host.Take(host.Admin).Result);
        host.GetLog(1, 64);
        Ask(host);
        host.RingHead(1, 0x1_0000);
        host.Pump();
        Assert.Equal(0x01_01_00u, host.Take(host.Admin).Result);
        host.GetLog(1, 64);
        Ask(host);
        host.Controller.Doorbells.Write(0xFFC, 4, 0);
        host.Pump();
        Assert.Equal(0x01_00_00u, host.Take(host.Admin).Result);
    }

    [Fact]
    public void CompletionDoorbell_PastWhatWasWritten_IsReported()
    {
        using NvmeHost host = new();
        host.UsePin();
        host.Enable();
        HostRing io = host.CreateQueues(1, entries: 16, vector: 0);
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
        Ask(host);
        host.RingHead(1, 3);
        host.Pump();
        Assert.Equal(0x01_01_00u, host.Take(host.Admin).Result);
    }

    [Fact]
    public void TemperatureThreshold_BelowTheTemperature_Warns()
    {
        using NvmeHost host = new();
        host.Enable();
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x0B, 2)));
        ushort request = Ask(host);
        host.Submit(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 4, 300));
        host.Pump();
        Completion notice = host.Take(host.Admin);
        Assert.Equal(request, notice.Id);
        Assert.Equal(0x02_01_01u, notice.Result);
        host.Success(host.Take(host.Admin));
        Assert.Equal(2, host.GetLog(2, 512)[0]);
    }

    [Fact]
    public void Requests_BeyondTheLimit_AreRefused_AndCanBeAborted()
    {
        using NvmeHost host = new();
        host.Enable();
        ushort[] requests = [Ask(host), Ask(host), Ask(host), Ask(host)];
        host.Fails(NvmeStatus.EventLimitExceeded, host.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        Command abort = new(AdminOpcode.Abort);
        abort[10] = (uint)requests[1] << 16;
        host.Submit(host.Admin, abort);
        host.Pump();
        Completion aborted = host.Take(host.Admin);
        Assert.Equal(requests[1], aborted.Id);
        Assert.Equal(NvmeStatus.AbortRequested, aborted.Status);
        Assert.Equal(0u, host.Success(host.Take(host.Admin)));
        Ask(host);
        Assert.False(host.TryTake(host.Admin, out _));
    }

    private static ushort Ask(NvmeHost host)
    {
        ushort id = host.Submit(host.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        host.Pump();
        return id;
    }
}
