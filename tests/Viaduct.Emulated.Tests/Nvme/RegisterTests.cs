using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class RegisterTests
{
    [Fact]
    public void Capabilities_AndVersion_SayWhatThereIs()
    {
        using NvmeHost host = new();
        ulong capabilities = host.Read(NvmeRegister.Capabilities, 8);
        Assert.Equal(4095UL, capabilities & 0xFFFF);
        Assert.Equal(1UL, (capabilities >> 16) & 1);
        Assert.Equal(0UL, (capabilities >> 32) & 15);
        Assert.Equal(1UL, (capabilities >> 37) & 0xFF);
        Assert.Equal(0UL, (capabilities >> 48) & 15);
        Assert.Equal(4UL, (capabilities >> 52) & 15);
        Assert.Equal(capabilities >> 32, host.Read(NvmeRegister.Capabilities + 4, 4));
        Assert.Equal(0x10400UL, host.Read(NvmeRegister.Version, 4));
        Assert.Equal(0x01UL, host.Read(NvmeRegister.Version + 2, 1));
    }

    [Fact]
    public void Accesses_OfWrongSizeOrAlignment_ChangeNothing()
    {
        using NvmeHost host = new();
        Assert.Equal(AccessStatus.InvalidSize, host.Controller.Registers.Write(NvmeRegister.Configuration, 2, 1));
        Assert.Equal(AccessStatus.Unaligned, host.Controller.Registers.Write(NvmeRegister.Configuration + 2, 4, 1));
        Assert.Equal(AccessStatus.Unaligned, host.Controller.Registers.Read(NvmeRegister.Configuration + 1, 4, out _));
        Assert.Equal(AccessStatus.InvalidSize, host.Controller.Doorbells.Write(0, 8, 1));
        Assert.Equal(AccessStatus.Unaligned, host.Controller.Doorbells.Write(2, 4, 1));
        Assert.Equal(0UL, host.Read(NvmeRegister.Configuration, 4));
        host.Write(0xFF8, ulong.MaxValue, 8);
        Assert.Equal(0UL, host.Read(0xFF8, 8));
    }

    [Fact]
    public void QueueRegisters_KeepWhatCanBeSet()
    {
        using NvmeHost host = new();
        host.Write(NvmeRegister.AdminQueueAttributes, 0xFFFF_FFFF);
        host.Write(NvmeRegister.AdminSubmissionQueue, ulong.MaxValue, 8);
        host.Write(NvmeRegister.AdminCompletionQueue, 0x1234_5FFF);
        host.Write(NvmeRegister.AdminCompletionQueue + 4, 0x9ABC_DEF0);
        Assert.Equal(0x0FFF_0FFFUL, host.Read(NvmeRegister.AdminQueueAttributes, 4));
        Assert.Equal(~0xFFFUL, host.Read(NvmeRegister.AdminSubmissionQueue, 8));
        Assert.Equal(0x9ABC_DEF0_1234_5000UL, host.Read(NvmeRegister.AdminCompletionQueue, 8));
    }

    [Fact]
    public void InterruptMask_IsSetAndCleared()
    {
        using NvmeHost host = new();
        host.Write(NvmeRegister.InterruptMaskSet, 0xF0);
        host.Write(NvmeRegister.InterruptMaskClear, 0x30);
        Assert.Equal(0xC0UL, host.Read(NvmeRegister.InterruptMaskSet, 4));
        Assert.Equal(0xC0UL, host.Read(NvmeRegister.InterruptMaskClear, 4));
    }

    [Theory]
    [InlineData(0x0046_0011u, 0x001F_001Fu, 0x1000UL)]
    [InlineData(0x0046_0801u, 0x001F_001Fu, 0x1000UL)]
    [InlineData(0x0046_0281u, 0x001F_001Fu, 0x1000UL)]
    [InlineData(0x0046_0001u, 0x0000_001Fu, 0x1000UL)]
    [InlineData(0x0046_0001u, 0x001F_0000u, 0x1000UL)]
    [InlineData(0x0046_0081u, 0x001F_001Fu, 0x1000UL)]
    public void Enable_WithImpossibleSettings_FailsUntilReset(uint configuration, uint attributes, ulong address)
    {
        using NvmeHost host = new();
        host.Write(NvmeRegister.AdminQueueAttributes, attributes);
        host.Write(NvmeRegister.AdminSubmissionQueue, address, 8);
        host.Write(NvmeRegister.AdminCompletionQueue, address, 8);
        host.Write(NvmeRegister.Configuration, configuration);
        host.Pump();
        Assert.Equal(2u, host.Status);
        Assert.Single(host.Log.Lines);
        host.Disable();
        host.Log.Lines.Clear();
        host.Enable();
        host.Identify(1);
    }

    [Fact]
    public void AdminQueue_OutsideMemory_IsFatal()
    {
        using NvmeHost host = new();
        host.Write(NvmeRegister.AdminQueueAttributes, 0x001F_001F);
        host.Write(NvmeRegister.AdminSubmissionQueue, NvmeHost.RamLength, 8);
        host.Write(NvmeRegister.AdminCompletionQueue, NvmeHost.RamLength, 8);
        host.Write(NvmeRegister.Configuration, NvmeHost.Enabled());
        host.Pump();
        Assert.Equal(1u, host.Status);
        host.RingTail(0, 1);
        host.Pump();
        Assert.Equal(3u, host.Status);
        host.Disable();
    }

    [Fact]
    public void CompletionQueue_OutsideMemory_IsFatal()
    {
        using NvmeHost host = NvmeHost.Ready(out _);
        host.Success(host.CreateCompletion(2, NvmeHost.RamLength, 16));
        ulong submission = host.Allocate(4096);
        host.Success(host.CreateSubmission(2, submission, 16, 2));
        host.Put(submission, new Command(IoOpcode.Flush).Bytes);
        host.RingTail(2, 1);
        host.Pump();
        Assert.Equal(3u, host.Status);
    }

    [Fact]
    public void Shutdown_LetsCommandsEndFlushesAndSaysSo()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Disk.Hold = true;
        ushort id = host.Submit(io, new Command(IoOpcode.Write) { Data1 = host.Allocate(4096) }.WithBlocks(0, 1));
        host.Pump();
        host.Write(NvmeRegister.Configuration, NvmeHost.Enabled() | (1 << 14));
        host.Pump();
        Assert.Equal(0b0101u, host.Status);
        host.Disk.Hold = false;
        host.Pump();
        Assert.Equal(0b1001u, host.Status);
        Assert.Equal(id, host.Take(io).Id);
        Assert.Equal(Backends.Block.BlockOperation.Flush, host.Disk.Carried[^1].Operation);

        // Commands are not processed any more, until a reset.
        host.Submit(io, new Command(IoOpcode.Flush));
        host.Pump();
        Assert.False(host.TryTake(io, out _));
        host.Disable();
        host.Enable();
        host.Identify(1);
    }

    [Fact]
    public void Shutdown_WhileDisabled_IsCompleteAtOnce()
    {
        using NvmeHost host = new();
        host.Write(NvmeRegister.Configuration, 1 << 14);
        host.Pump();
        Assert.Equal(0b1000u, host.Status);
    }
}
