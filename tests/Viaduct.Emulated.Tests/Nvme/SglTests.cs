using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class SglTests
{
    private const byte Block = 0x00;
    private const byte Segment = 0x20;
    private const byte Last = 0x30;

    [Fact]
    public void DataBlock_InTheCommand_IsTheWholeTransfer()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong buffer, byte[] expected) = MakeBuffer(host, 1 << 20);
        host.Success(host.Execute(io, new Command(IoOpcode.Write).WithBlocks(0, 2048).WithSgl(buffer, 1 << 20, Block)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(0, 1 << 20).ToArray());
    }

    [Fact]
    public void Segments_OfOddPieces_AreFollowedToTheLast()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong buffer, byte[] expected) = MakeBuffer(host, 4096);
        ulong last = Describe(host, (buffer + 1004, 92, Block), (0, 0, Block), (buffer + 1096, 3000, Block));
        ulong middle = Describe(host, (buffer + 4, 1000, Block), (last, 48, Last));
        ulong first = Describe(host, (buffer, 4, Block), (middle, 32, Segment));
        host.Success(host.Execute(io, new Command(IoOpcode.Write).WithBlocks(0, 8).WithSgl(first, 32, Segment)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(0, 4096).ToArray());
    }

    [Fact]
    public void LongList_OfManyDescriptors_IsReadInPieces()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong buffer, byte[] expected) = MakeBuffer(host, 200 * 512);
        (ulong, uint, byte)[] pieces = [.. Enumerable.Range(0, 200).Select(i => (buffer + (ulong)(i * 512), 512u, Block))];
        ulong list = Describe(host, pieces);
        host.Success(host.Execute(io, new Command(IoOpcode.Write).WithBlocks(0, 200).WithSgl(list, 3200, Last)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(0, expected.Length).ToArray());
    }

    [Fact]
    public void List_ThatDescribesMoreThanTheTransfer_IsFine()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        (ulong buffer, byte[] expected) = MakeBuffer(host, 4096);
        ulong list = Describe(host, (buffer, 256, Block), (buffer + 256, 3840, Block), (0xBAD0_0000_0000, 0x1000, Block));
        host.Success(host.Execute(io, new Command(IoOpcode.Write).WithBlocks(0, 1).WithSgl(list, 48, Last)));
        Assert.Equal(expected.AsSpan(0, 512).ToArray(), host.Disk.Bytes.AsSpan(0, 512).ToArray());
        Assert.Equal(new byte[512], host.Disk.Bytes.AsSpan(512, 512).ToArray());
    }

    [Theory]
    [InlineData(0x10, 512u, NvmeStatus.SglTypeInvalid)]
    [InlineData(0x40, 512u, NvmeStatus.SglTypeInvalid)]
    [InlineData(0x01, 512u, NvmeStatus.SglTypeInvalid)]
    [InlineData(0x00, 508u, NvmeStatus.SglLengthInvalid)]
    [InlineData(0x00, 510u, NvmeStatus.SglGranularityInvalid)]
    [InlineData(0x20, 0u, NvmeStatus.InvalidSglSegment)]
    [InlineData(0x30, 24u, NvmeStatus.InvalidSglSegment)]
    public void FirstDescriptor_ThatIsWrong_IsRefused(byte identifier, uint length, object expected)
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails((NvmeStatus)expected, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(host.Allocate(4096), length, identifier));
    }

    [Fact]
    public void Lists_ThatAreWrong_AreRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        ulong tooShort = Describe(host, (buffer, 256, Block), (buffer, 252, Block));
        host.Fails(NvmeStatus.SglLengthInvalid, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(tooShort, 32, Last));
        ulong segmentFirst = Describe(host, (tooShort, 32, Last), (buffer, 512, Block));
        host.Fails(NvmeStatus.InvalidSglSegment, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(segmentFirst, 32, Segment));
        host.Fails(NvmeStatus.InvalidSglSegment, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(segmentFirst, 32, Last));
        host.Fails(NvmeStatus.InvalidSglSegment, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(tooShort, 32, Segment));
        host.Fails(NvmeStatus.DataTransferError, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(NvmeHost.RamLength, 512, Block));
        host.Fails(NvmeStatus.DataTransferError, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(NvmeHost.RamLength - 16, 32, Last));
    }

    [Fact]
    public void List_ThatLeadsRoundInACircle_Ends()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong list = host.Allocate(4096);
        Put(host, list, (0, 0, Block), (list, 32, Segment));
        host.Fails(NvmeStatus.InvalidSglCount, io, new Command(IoOpcode.Read).WithBlocks(0, 1).WithSgl(list, 32, Segment));
    }

    [Fact]
    public void MoreSegmentsThanARequestTakes_AreRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(1 << 16);
        (ulong, uint, byte)[] pieces = [.. Enumerable.Range(0, 2048).Select(i => (buffer + (ulong)(i * 16), 4u, Block))];
        ulong list = host.Allocate(2048 * 16);
        Put(host, list, pieces);
        host.Fails(NvmeStatus.InvalidSglCount, io, new Command(IoOpcode.Read).WithBlocks(0, 16).WithSgl(list, 2048 * 16, Last));
    }

    [Fact]
    public void DataForms_ThatAreNotAnnounced_AreRefused()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidField, io, new Command(IoOpcode.Read) { Flags = 0x80 }.WithBlocks(0, 1));
        host.Fails(NvmeStatus.InvalidField, io, new Command(IoOpcode.Read) { Flags = 0xC0 }.WithBlocks(0, 1));
        host.Fails(NvmeStatus.InvalidField, host.Admin, new Command(AdminOpcode.Identify).WithSgl(host.Allocate(4096), 4096, Block));
    }

    private static (ulong Address, byte[] Bytes) MakeBuffer(NvmeHost host, int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        ulong address = host.Allocate((ulong)length);
        host.Put(address, bytes);
        return (address, bytes);
    }

    private static ulong Describe(NvmeHost host, params (ulong Address, uint Length, byte Identifier)[] descriptors)
    {
        ulong list = host.Allocate((ulong)descriptors.Length * 16);
        Put(host, list, descriptors);
        return list;
    }

    private static void Put(NvmeHost host, ulong list, params (ulong Address, uint Length, byte Identifier)[] descriptors)
    {
        foreach ((ulong address, uint length, byte identifier) in descriptors)
        {
            host.Put(list, address);
            host.Put(list + 8, length | ((ulong)identifier << 56));
            list += 16;
        }
    }
}
