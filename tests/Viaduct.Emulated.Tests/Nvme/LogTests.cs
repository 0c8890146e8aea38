using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class LogTests
{
    [Fact]
    public void ErrorLog_HoldsTheLastFailures_NewestFirst()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        Completion first = host.Execute(io, new Command(IoOpcode.Read) { Data1 = host.Allocate(4096) }.WithBlocks(0x1_0000_0001, 1));
        Completion second = host.Execute(host.Admin, new Command(0x7F, 0));
        byte[] log = host.GetLog(1, 4096);
        Assert.Equal(2UL, BinaryPrimitives.ReadUInt64LittleEndian(log));
        Assert.Equal(second.Id, BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(10)));
        Assert.Equal((ushort)((uint)NvmeStatus.InvalidOpcode << 1), BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(12)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(64)));
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(64 + 8)));
        Assert.Equal(first.Id, BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(64 + 10)));
        Assert.Equal(0x1_0000_0001UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(64 + 16)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(log.AsSpan(64 + 24)));
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(128)));
        Assert.Equal(log[64..128], host.GetLog(1, 64, offset: 64));
    }

    [Fact]
    public void Smart_CountsWhatTheHostDid()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        ulong buffer = host.Allocate(1 << 20);
        for (int i = 0; i < 3; i++)
        {
            host.Success(host.Execute(io, new Command(IoOpcode.Read).WithBlocks(0, 1024).WithSgl(buffer, 1 << 19, 0)));
        }

        host.Success(host.Execute(io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1)));
        host.Disk.Error = 5;
        host.Fails(NvmeStatus.WriteFault, io, new Command(IoOpcode.Write) { Data1 = buffer }.WithBlocks(0, 1));
        host.Time.Advance(TimeSpan.FromHours(3));
        byte[] log = host.GetLog(2, 512);
        Assert.Equal(0, log[0]);
        Assert.Equal(308, BinaryPrimitives.ReadUInt16LittleEndian(log.AsSpan(1)));
        Assert.Equal(100, log[3]);
        Assert.Equal(4UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(32)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(48)));
        Assert.Equal(3UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(64)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(80)));
        Assert.Equal(3UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(128)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(160)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(log.AsSpan(176)));
    }

    [Fact]
    public void Smart_CountsTheTimeInWhichCommandsWereUnderWay()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        host.Submit(io, new Command(IoOpcode.Flush));
        host.Pump();
        host.Time.Advance(TimeSpan.FromMinutes(10));
        host.Disk.Hold = false;
        host.Pump();
        host.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(10UL, BinaryPrimitives.ReadUInt64LittleEndian(host.GetLog(2, 512).AsSpan(96)));
    }

    [Fact]
    public void FirmwareSlot_AndEffects_AreThere()
    {
        using NvmeHost host = new();
        host.Enable();
        byte[] firmware = host.GetLog(3, 512);
        Assert.Equal(1, firmware[0]);
        Assert.Equal("1.0     "u8.ToArray(), firmware[8..16]);
        byte[] effects = host.GetLog(5, 4096);
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(effects.AsSpan(6 * 4)));
        Assert.Equal(0x1_0007u, BinaryPrimitives.ReadUInt32LittleEndian(effects.AsSpan(0x80 * 4)));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(effects.AsSpan(0x0D * 4)));
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(effects.AsSpan(1024 + 4)));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(effects.AsSpan(1024 + 8)));
    }

    [Fact]
    public void Log_ReadPastItsEnd_IsZeroes()
    {
        using NvmeHost host = new();
        host.Enable();
        byte[] log = host.GetLog(2, 8192, offset: 480);
        Assert.Equal(new byte[8192], log);
    }

    [Theory]
    [InlineData(0, 64, 0UL, 0xFFFF_FFFFu, NvmeStatus.InvalidLogPage)]
    [InlineData(6, 64, 0UL, 0xFFFF_FFFFu, NvmeStatus.InvalidLogPage)]
    [InlineData(0xC0, 64, 0UL, 0xFFFF_FFFFu, NvmeStatus.InvalidLogPage)]
    [InlineData(2, 512, 2UL, 0xFFFF_FFFFu, NvmeStatus.InvalidField)]
    [InlineData(2, 512, 516UL, 0xFFFF_FFFFu, NvmeStatus.InvalidField)]
    [InlineData(2, 512, ulong.MaxValue & ~3UL, 0xFFFF_FFFFu, NvmeStatus.InvalidField)]
    [InlineData(2, 512, 0UL, 1u, NvmeStatus.InvalidField)]
    [InlineData(1, (1 << 20) + 4, 0UL, 0u, NvmeStatus.InvalidField)]
    public void GetLogPage_ThatIsWrong_IsRefused(byte log, int bytes, ulong offset, uint nsid, object expected)
    {
        using NvmeHost host = new();
        host.Enable();
        Command command = NvmeHost.LogCommand(log, bytes, host.Allocate(4096), offset, nsid: nsid);
        uint dwords = (uint)(bytes / 4) - 1;
        command[10] = (command[10] & 0xFFFF) | (dwords << 16);
        command[11] = dwords >> 16;
        host.Fails((NvmeStatus)expected, host.Admin, command);
    }
}
