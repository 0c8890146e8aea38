using System.Buffers.Binary;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class CommandTests
{
    private const uint Deallocate = 1u << 25;
    private const uint ForceUnitAccess = 1u << 30;

    [Fact]
    public void Flush_ReachesTheDisk_OneOrAll()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io, new MemoryDisk(1 << 20));
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
        host.Success(host.Execute(io, new Command(IoOpcode.Flush, 0xFFFF_FFFF)));
        host.Fails(NvmeStatus.InvalidNamespace, io, new Command(IoOpcode.Flush, 0));
        host.Fails(NvmeStatus.InvalidNamespace, io, new Command(IoOpcode.Flush, 2));
        Assert.Equal([BlockOperation.Flush, BlockOperation.Flush], host.Disk.Carried.Select(request => request.Operation));
    }

    [Theory]
    [InlineData(0u, BlockOperation.WriteZeroes)]
    [InlineData(Deallocate, BlockOperation.WriteZeroesUnmap)]
    public void WriteZeroes_ZeroesTheRange_BeyondTheMaximumTransfer(uint flags, BlockOperation expected)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Bytes.AsSpan().Fill(7);
        host.Success(host.Execute(io, new Command(IoOpcode.WriteZeroes).WithBlocks(1, 8192, flags)));
        Assert.Equal(7, host.Disk.Bytes[511]);
        Assert.False(host.Disk.Bytes.AsSpan(512, 8192 * 512).ContainsAnyExcept((byte)0));
        Assert.Equal(7, host.Disk.Bytes[8193 * 512]);
        Assert.Equal([expected], host.Disk.Carried.Select(request => request.Operation));
        host.Fails(NvmeStatus.LbaOutOfRange, io, new Command(IoOpcode.WriteZeroes).WithBlocks(16383, 2, flags));
    }

    [Fact]
    public void WriteZeroes_WithForceUnitAccess_IsFlushed()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Success(host.Execute(io, new Command(IoOpcode.WriteZeroes).WithBlocks(0, 1, ForceUnitAccess)));
        Assert.Equal([BlockOperation.WriteZeroes, BlockOperation.Flush], host.Disk.Carried.Select(request => request.Operation));
    }

    [Fact]
    public void Compare_TellsWhetherTheBytesAreTheSame()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        new Random(1).NextBytes(host.Disk.Bytes.AsSpan(512, 1 << 20));
        (ulong prp1, ulong prp2) = PrpTests.Scatter(host, host.Disk.Bytes.AsSpan(512, 1 << 20), 512, 0);
        Command compare = new Command(IoOpcode.Compare) { Data1 = prp1, Data2 = prp2 }.WithBlocks(1, 2048);
        host.Success(host.Execute(io, compare));
        host.Disk.Bytes[(1 << 20) + 511] ^= 1;
        host.Fails(NvmeStatus.CompareFailure, io, compare);
        host.Fails(NvmeStatus.InvalidPrpOffset, io, new Command(IoOpcode.Compare) { Data1 = 1 }.WithBlocks(1, 1));
        host.Disk.Error = 5;
        host.Fails(NvmeStatus.UnrecoveredReadError, io, compare);
    }

    [Fact]
    public void ManyCompares_TakeTurnsWithTheBuffers()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        List<ushort> expected = [];
        for (int i = 0; i < 40; i++)
        {
            ulong address = i % 3 == 2 ? 1 : buffer;
            expected.Add(host.Enqueue(io, new Command(IoOpcode.Compare) { Data1 = address }.WithBlocks(0, 1)));
        }

        host.RingTail(1, (uint)io.Tail);
        host.Pump();
        Dictionary<ushort, NvmeStatus> got = [];
        while (host.TryTake(io, out Completion completion))
        {
            got.Add(completion.Id, completion.Status);
        }

        for (int i = 0; i < expected.Count; i++)
        {
            Assert.Equal(i % 3 == 2 ? NvmeStatus.InvalidPrpOffset : NvmeStatus.Success, got[expected[i]]);
        }
    }

    [Fact]
    public void DatasetManagement_DeallocatesEachRange()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        PutRange(host, buffer, 0, 8, 16);
        PutRange(host, buffer, 1, 0, 0);
        PutRange(host, buffer, 2, 16383, 1);
        host.Success(host.Execute(io, Trim(buffer, 3)));
        Assert.Equal(
            [(BlockOperation.Discard, 8 * 512UL, 16 * 512UL, false), (BlockOperation.Discard, 16383 * 512UL, 512UL, false)],
            host.Disk.Carried);
    }

    [Fact]
    public void DatasetManagement_OutOfRange_DeallocatesNothing()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        PutRange(host, buffer, 0, 8, 16);
        PutRange(host, buffer, 1, ulong.MaxValue, 2);
        host.Fails(NvmeStatus.LbaOutOfRange, io, Trim(buffer, 2));
        Assert.Empty(host.Disk.Carried);
        PutRange(host, buffer, 1, 1, uint.MaxValue);
        host.Fails(NvmeStatus.LbaOutOfRange, io, Trim(buffer, 2));
        host.Fails(NvmeStatus.DataTransferError, io, Trim(NvmeHost.RamLength, 2));
        Command hint = Trim(NvmeHost.RamLength, 2);
        hint[11] = 3;
        host.Success(host.Execute(io, hint));
    }

    [Fact]
    public void DatasetManagement_Of256Ranges_GoesThroughAll()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        for (int i = 0; i < 256; i++)
        {
            PutRange(host, buffer, i, (ulong)i * 2, 1);
        }

        host.Success(host.Execute(io, Trim(buffer, 256)));
        Assert.Equal(256, host.Disk.Carried.Count);
    }

    [Fact]
    public void Format_ChangesTheBlock_AndLeavesZeroes()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Bytes.AsSpan().Fill(9);
        host.Success(host.Execute(host.Admin, Format(1, 1)));
        Assert.False(host.Disk.Bytes.AsSpan().ContainsAnyExcept((byte)0));
        byte[] data = host.Identify(0, 1);
        Assert.Equal(2048UL, BinaryPrimitives.ReadUInt64LittleEndian(data));
        Assert.Equal(1, data[26]);
        ulong buffer = host.Allocate(4096);
        host.Put(buffer + 4088, 42UL);
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(2047, 1)));
        Assert.Equal(42, host.Disk.Bytes[^8]);
        host.Fails(NvmeStatus.LbaOutOfRange, io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(2048, 1));
        host.Success(host.Execute(host.Admin, Format(0xFFFF_FFFF, 0)));
        Assert.Equal(16384UL, BinaryPrimitives.ReadUInt64LittleEndian(host.Identify(0, 1)));
    }

    [Fact]
    public void Format_UnderWay_RefusesCommands()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        ushort id = host.Submit(host.Admin, Format(1, 1));
        host.Pump();
        host.Fails(NvmeStatus.FormatInProgress, io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
        host.Fails(NvmeStatus.FormatInProgress, io, new Command(IoOpcode.Flush));
        host.Fails(NvmeStatus.FormatInProgress, host.Admin, Format(1, 0));
        Assert.Equal(0x80 | 100, host.Identify(0, 1)[32]);
        host.Disk.Hold = false;
        host.Pump();
        Assert.Equal(id, host.Take(host.Admin).Id);
        Assert.Equal(0x80, host.Identify(0, 1)[32]);
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
    }

    [Theory]
    [InlineData(1u, 2u, NvmeStatus.InvalidFormat)]
    [InlineData(1u, 15u, NvmeStatus.InvalidFormat)]
    [InlineData(1u, 1u << 5, NvmeStatus.InvalidFormat)]
    [InlineData(1u, 2u << 9, NvmeStatus.InvalidField)]
    [InlineData(0u, 0u, NvmeStatus.InvalidNamespace)]
    [InlineData(2u, 0u, NvmeStatus.InvalidNamespace)]
    public void Format_ThatIsWrong_IsRefused(uint nsid, uint value, object expected)
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        host.Fails((NvmeStatus)expected, host.Admin, Format(nsid, value));
        Assert.Empty(host.Disk.Carried);
    }

    [Fact]
    public void Format_ThatTheDiskFails_LeavesTheOldFormat()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Error = 5;
        host.Fails(NvmeStatus.WriteFault, host.Admin, Format(1, 1));
        host.Disk.Error = 0;
        Assert.Equal(0, host.Identify(0, 1)[26]);
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
    }

    private static void PutRange(NvmeHost host, ulong list, int index, ulong first, uint blocks)
    {
        host.Put(list + ((ulong)index * 16), (ulong)blocks << 32);
        host.Put(list + ((ulong)index * 16) + 8, first);
    }

    private static Command Trim(ulong buffer, uint ranges)
    {
        Command command = new(IoOpcode.DatasetManagement) { Data1 = buffer };
        command[10] = ranges - 1;
        command[11] = 4;
        return command;
    }

    private static Command Format(uint nsid, uint value)
    {
        Command command = new(AdminOpcode.FormatNvm, nsid);
        command[10] = value;
        return command;
    }
}
