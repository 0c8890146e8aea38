using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class ReadWriteTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(8, 0)]
    [InlineData(8, 512)]
    [InlineData(16, 0)]
    [InlineData(17, 256)]
    [InlineData(64, 4)]
    [InlineData(2048, 0)]
    [InlineData(2048, 1024)]
    public void Write_ThenRead_WithPrps_MovesTheBytes(int blocks, int pageOffset)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        byte[] expected = new byte[blocks * 512];
        new Random(blocks).NextBytes(expected);

        (ulong prp1, ulong prp2) = PrpTests.Scatter(host, expected, (ulong)pageOffset, listOffset: 0);
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = prp1, Data2 = prp2 }.WithBlocks(3, (uint)blocks)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(3 * 512, expected.Length).ToArray());

        ulong target = host.Allocate((ulong)expected.Length + 4096);
        (prp1, prp2) = PrpTests.Contiguous(host, target + (ulong)pageOffset, expected.Length);
        host.Success(host.Execute(io, new Command(IoOpcode.Read) { Data1 = prp1, Data2 = prp2 }.WithBlocks(3, (uint)blocks)));
        Assert.Equal(expected, host.Get(target + (ulong)pageOffset, expected.Length));
    }

    [Fact]
    public void Write_WithForceUnitAccess_IsDurable()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1, 1u << 30)));
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1)));
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 6, 0)));
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1)));
        Assert.Equal([true, false, true], host.Disk.Carried.Select(request => request.Durable));
    }

    [Theory]
    [InlineData(0x100000UL, 1u)]
    [InlineData(16384UL, 1u)]
    [InlineData(16383UL, 2u)]
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(ulong.MaxValue - 1, 8u)]
    public void Read_PastTheEnd_IsOutOfRange(ulong first, uint blocks)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.LbaOutOfRange, io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(first, blocks));
    }

    [Fact]
    public void Read_OfMoreThanTheMaximumTransfer_IsRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidField, io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(0, 2049));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    [InlineData(0xFFFF_FFFEu)]
    [InlineData(0xFFFF_FFFFu)]
    public void Read_OfNoNamespace_IsRefused(uint nsid)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidNamespace, io, new Command(IoOpcode.Read, nsid) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
    }

    [Fact]
    public void UnknownOpcode_IsRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidOpcode, io, new Command(0x7F, 1));
        host.Fails(NvmeStatus.InvalidOpcode, host.Admin, new Command(0x7F, 0));
    }

    [Fact]
    public void FusedCommand_AndDirective_AreRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidField, io, new Command(IoOpcode.Read) { Flags = 1, Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
        host.Fails(NvmeStatus.InvalidField, io, new Command(IoOpcode.Write) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1, 1u << 20));
    }

    [Theory]
    [InlineData(5, true, NvmeStatus.UnrecoveredReadError)]
    [InlineData(5, false, NvmeStatus.WriteFault)]
    [InlineData(28, false, NvmeStatus.CapacityExceeded)]
    [InlineData(30, false, NvmeStatus.NamespaceWriteProtected)]
    public void FailureOfTheDisk_IsReported(int errno, bool read, object expected)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Error = errno;
        host.Fails((NvmeStatus)expected, io, new Command(read ? IoOpcode.Read : IoOpcode.Write) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
    }

    [Fact]
    public void ReadOnlyDisk_RefusesAllThatWrites()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io, new MemoryDisk(1 << 20) { ReadOnly = true });
        ulong buffer = host.Allocate(4096);
        host.Success(host.Execute(io, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 1)));
        host.Fails(NvmeStatus.NamespaceWriteProtected, io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1));
        host.Fails(NvmeStatus.NamespaceWriteProtected, io, new Command(IoOpcode.WriteZeroes) { Data1 = buffer }.WithBlocks(0, 1));
        Command trim = new(IoOpcode.DatasetManagement) { Data1 = buffer };
        trim[11] = 4;
        host.Fails(NvmeStatus.NamespaceWriteProtected, io, trim);
        host.Fails(NvmeStatus.NamespaceWriteProtected, host.Admin, new Command(AdminOpcode.FormatNvm, 1));
        Assert.Equal(1, host.Identify(0, 1)[99]);
    }

    [Fact]
    public void ManyCommands_OnSeveralQueues_GoRoundTheRings()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing first);
        HostRing second = host.CreateQueues(2, entries: 5, vector: 2);
        ulong buffer = host.Allocate(4096);
        for (int round = 0; round < 200; round++)
        {
            foreach (HostRing ring in new[] { first, second })
            {
                byte[] bytes = new byte[512];
                Random.Shared.NextBytes(bytes);
                host.Put(buffer, bytes);
                ulong block = (ulong)(round * 2) + (ulong)ring.Id;
                host.Success(host.Execute(ring, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(block, 1)));
                Assert.Equal(bytes, host.Disk.Bytes.AsSpan((int)block * 512, 512).ToArray());
            }
        }

        Assert.Equal(400, host.Disk.Carried.Count(request => request.Operation == BlockOperation.Write));
    }

    [Fact]
    public void MoreCommandsThanSlots_AreServedAsSlotsComeFree()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        HostRing ring = host.CreateQueues(2, entries: 1024);
        ulong buffer = host.Allocate(4096);
        host.Disk.Hold = true;
        HashSet<ushort> expected = [];
        for (int i = 0; i < 1000; i++)
        {
            expected.Add(host.Enqueue(ring, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 1)));
        }

        host.RingTail(2, (uint)ring.Tail);
        host.Pump();

        // I/O can't take the last slots: the admin queue still answers.
        host.Identify(1);
        host.Disk.Hold = false;
        host.Pump();
        while (host.TryTake(ring, out Completion completion))
        {
            Assert.True(expected.Remove(completion.Id));
        }

        Assert.Empty(expected);
    }
}
