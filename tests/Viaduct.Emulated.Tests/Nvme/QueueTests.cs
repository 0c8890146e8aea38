using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class QueueTests
{
    [Fact]
    public void SixtyFourQueues_CanBeMadeAndUsed()
    {
        using NvmeHost host = new();
        host.Enable();
        for (int id = 1; id <= 64; id++)
        {
            HostRing ring = host.CreateQueues(id, entries: 4, vector: id % 16);
            host.Success(host.Execute(ring, new Command(IoOpcode.Flush)));
        }

        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.CreateCompletion(65, host.Allocate(4096), 4).Status);
    }

    [Theory]
    [InlineData(0, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(1, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(65, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(0xFFFF, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(2, 1, 1, 1u, 0UL, NvmeStatus.InvalidQueueSize)]
    [InlineData(2, 4097, 1, 1u, 0UL, NvmeStatus.InvalidQueueSize)]
    [InlineData(2, 16, 16, 1u, 0UL, NvmeStatus.InvalidInterruptVector)]
    [InlineData(2, 16, 1, 0u, 0UL, NvmeStatus.InvalidField)]
    [InlineData(2, 16, 1, 1u, 8UL, NvmeStatus.InvalidPrpOffset)]
    public void CreateCompletion_ThatIsWrong_IsRefused(int id, int entries, int vector, uint contiguous, ulong offset, object expected)
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        Assert.Equal((NvmeStatus)expected, host.CreateCompletion(id, host.Allocate(4096) + offset, entries, vector, contiguous: contiguous).Status);
    }

    [Theory]
    [InlineData(0, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(1, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(65, 16, 1, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(2, 16, 0, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(2, 16, 65, 1u, 0UL, NvmeStatus.InvalidQueueIdentifier)]
    [InlineData(2, 16, 5, 1u, 0UL, NvmeStatus.InvalidCompletionQueue)]
    [InlineData(2, 1, 1, 1u, 0UL, NvmeStatus.InvalidQueueSize)]
    [InlineData(2, 5000, 1, 1u, 0UL, NvmeStatus.InvalidQueueSize)]
    [InlineData(2, 16, 1, 0u, 0UL, NvmeStatus.InvalidField)]
    [InlineData(2, 16, 1, 1u, 64UL, NvmeStatus.InvalidPrpOffset)]
    public void CreateSubmission_ThatIsWrong_IsRefused(int id, int entries, int completion, uint contiguous, ulong offset, object expected)
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        Assert.Equal((NvmeStatus)expected, host.CreateSubmission(id, host.Allocate(4096) + offset, entries, completion, contiguous).Status);
    }

    [Fact]
    public void Create_WithOtherEntrySizes_IsRefused()
    {
        using NvmeHost host = new();
        host.Enable();
        host.Write(NvmeRegister.Configuration, 0);
        host.Pump();
        host.Write(NvmeRegister.Configuration, 1);
        host.Pump();
        host.Admin.Tail = host.Admin.Head = 0;
        host.Put(host.Admin.Completion, new byte[512]);
        Assert.Equal(NvmeStatus.InvalidQueueSize, host.CreateCompletion(1, host.Allocate(4096), 16).Status);
    }

    [Fact]
    public void Delete_InTheWrongOrderOrTwice_IsRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        Assert.Equal(NvmeStatus.InvalidQueueDeletion, host.Delete(AdminOpcode.DeleteCompletionQueue, 1).Status);
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.Delete(AdminOpcode.DeleteCompletionQueue, 0).Status);
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.Delete(AdminOpcode.DeleteSubmissionQueue, 0).Status);
        host.Success(host.Delete(AdminOpcode.DeleteSubmissionQueue, 1));
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.Delete(AdminOpcode.DeleteSubmissionQueue, 1).Status);
        host.Success(host.Delete(AdminOpcode.DeleteCompletionQueue, 1));
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.Delete(AdminOpcode.DeleteCompletionQueue, 1).Status);
        HostRing again = host.CreateQueues(1);
        host.Success(host.Execute(again, new Command(IoOpcode.Flush)));
    }

    [Fact]
    public void DeleteSubmission_WaitsForWhatTheDiskWorksOn()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        ushort read = host.Submit(io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
        host.Pump();
        Command delete = new(AdminOpcode.DeleteSubmissionQueue);
        delete[10] = 1;
        ushort deletion = host.Submit(host.Admin, delete);
        host.Enqueue(io, new Command(IoOpcode.Flush));
        host.RingTail(1, (uint)io.Tail);
        host.Pump();
        Assert.False(host.TryTake(host.Admin, out _));
        host.Disk.Hold = false;
        host.Pump();
        Assert.Equal(read, host.Take(io).Id);
        Assert.False(host.TryTake(io, out _));
        Completion end = host.Take(host.Admin);
        Assert.Equal(deletion, end.Id);
        Assert.Equal(NvmeStatus.Success, end.Status);
    }

    [Fact]
    public void FullCompletionQueue_HoldsCompletionsBack_UntilTheHostMakesRoom()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        HostRing io = host.CreateQueues(2, entries: 32, completionEntries: 4);
        List<ushort> sent = [];
        for (int i = 0; i < 20; i++)
        {
            sent.Add(host.Enqueue(io, new Command(IoOpcode.Flush)));
        }

        host.RingTail(2, (uint)io.Tail);
        host.Pump();
        List<ushort> received = [];
        while (received.Count < sent.Count)
        {
            int before = received.Count;
            while (host.TryTake(io, out Completion completion, acknowledge: false))
            {
                received.Add(completion.Id);
            }

            Assert.Equal(Math.Min(3, sent.Count - before), received.Count - before);
            host.RingHead(2, (uint)io.Head);
            host.Pump();
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void Abort_OfWhatTheDiskWorksOn_SaysSo()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        ushort read = host.Submit(io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
        host.Pump();
        Assert.Equal(1u, host.Success(host.Execute(host.Admin, Abort(1, read))));
        Assert.Equal(1u, host.Success(host.Execute(host.Admin, Abort(7, 7))));
        host.Disk.Hold = false;
        host.Pump();
        host.Success(host.Take(io));
    }

    [Fact]
    public void Abort_OfACommandThatWaits_EndsIt()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        ulong buffer = host.Allocate(4096);
        ushort[] ids = new ushort[7];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = host.Submit(io, new Command(IoOpcode.Compare) { Data1 = buffer }.WithBlocks(0, 1));
        }

        host.Pump();
        Assert.Equal(0u, host.Success(host.Execute(host.Admin, Abort(1, ids[5]))));
        Assert.Equal(new Completion(0, 7, 1, ids[5], NvmeStatus.AbortRequested), host.Take(io));
        host.Disk.Hold = false;
        host.Pump();
        foreach (int i in new[] { 0, 1, 2, 3, 4, 6 })
        {
            Completion completion = host.Take(io);
            Assert.Equal(ids[i], completion.Id);
            host.Success(completion);
        }
    }

    [Fact]
    public void WithoutBusMaster_NothingIsFetched_AndNothingIsLost()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Dma.Granted = false;
        ushort id = host.Submit(io, new Command(IoOpcode.Flush) { });
        host.Pump();
        Assert.Equal(1u, host.Status);
        host.Dma.Granted = true;
        host.RingTail(1, (uint)io.Tail);
        host.Pump();
        Assert.Equal(id, host.Take(io).Id);
    }

    private static Command Abort(int queue, ushort id)
    {
        Command command = new(AdminOpcode.Abort);
        command[10] = (uint)queue | ((uint)id << 16);
        return command;
    }
}
