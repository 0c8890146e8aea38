using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

/// <summary>A host whose memory is in another process, so that every byte is copied.</summary>
public sealed class RemoteMemoryTests
{
    private OtherProcess _memory = null!;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(17, 256)]
    [InlineData(2048, 512)]
    public void Write_ThenRead_MovesTheBytes(int blocks, int pageOffset)
    {
        using NvmeHost host = Ready(out HostRing io);
        byte[] expected = new byte[blocks * 512];
        new Random(blocks).NextBytes(expected);
        (ulong prp1, ulong prp2) = PrpTests.Scatter(host, expected, (ulong)pageOffset, listOffset: 0);
        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = prp1, Data2 = prp2 }.WithBlocks(3, (uint)blocks)));
        host.Success(host.Execute(io, new Command(IoOpcode.Compare) { Data1 = prp1, Data2 = prp2 }.WithBlocks(3, (uint)blocks)));
        Assert.Equal(expected, host.Disk.Bytes.AsSpan(3 * 512, expected.Length).ToArray());

        ulong target = host.Allocate((ulong)expected.Length + 4096);
        (prp1, prp2) = PrpTests.Contiguous(host, target + (ulong)pageOffset, expected.Length);
        host.Success(host.Execute(io, new Command(IoOpcode.Read) { Data1 = prp1, Data2 = prp2 }.WithBlocks(3, (uint)blocks)));
        Assert.Equal(expected, host.Get(target + (ulong)pageOffset, expected.Length));
    }

    [Fact]
    public void MoreReadsThanBuffers_AllGetTheirBytes()
    {
        const int Count = 40;
        using NvmeHost host = Ready(out HostRing io);
        new Random(7).NextBytes(host.Disk.Bytes);
        ulong target = host.Allocate(Count * 4096);
        host.Disk.Hold = true;
        for (int i = 0; i < Count; i++)
        {
            host.Submit(io, new Command(IoOpcode.Read) { Data1 = target + ((ulong)i * 4096) }.WithBlocks((ulong)i * 8, 8));
        }

        host.Pump();
        host.Disk.Hold = false;
        for (int i = 0; i < Count; i++)
        {
            host.Pump();
            host.Success(host.Take(io));
        }

        Assert.Equal(host.Disk.Bytes.AsSpan(0, Count * 4096).ToArray(), host.Get(target, Count * 4096));
    }

    [Fact]
    public void AdminData_IsCopied()
    {
        using NvmeHost host = Ready(out _);
        ulong page = host.Allocate(4096);
        Command identify = new(AdminOpcode.Identify) { Data1 = page };
        identify[10] = 1;
        host.Success(host.Execute(host.Admin, identify));
        Assert.Equal(0x5669u, host.GetDword(page) & 0xFFFF);

        // Firmware slot information, 512 bytes.
        Command log = new(AdminOpcode.GetLogPage) { Data1 = page };
        log[10] = 3 | (127u << 16);
        host.Success(host.Execute(host.Admin, log));
        Assert.Equal(1u, host.GetDword(page));
    }

    [Fact]
    public void RefusedBytes_AreATransferError_AndTheControllerGoesOn()
    {
        using NvmeHost host = Ready(out HostRing io);
        ulong buffer = host.Allocate(4096);
        _memory.RefusedPage = buffer;
        host.Fails(NvmeStatus.DataTransferError, io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 8));
        host.Fails(NvmeStatus.DataTransferError, io, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 8));
        _memory.RefusedPage = ulong.MaxValue;
        host.Success(host.Execute(io, new Command(IoOpcode.Read) { Data1 = buffer }.WithBlocks(0, 8)));
    }

    private NvmeHost Ready(out HostRing io) => NvmeHost.Remote(out io, ram => _memory = new OtherProcess(ram));

    private sealed unsafe class OtherProcess(HostMemory ram) : IRemoteMemory
    {
        internal ulong RefusedPage { get; set; } = ulong.MaxValue;

        public bool TryRead(ulong address, Span<byte> destination)
        {
            new ReadOnlySpan<byte>(ram.Pointer + address, destination.Length).CopyTo(destination);
            return (address & ~4095UL) != RefusedPage;
        }

        public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
        {
            source.CopyTo(new Span<byte>(ram.Pointer + address, source.Length));
            return (address & ~4095UL) != RefusedPage;
        }
    }
}
