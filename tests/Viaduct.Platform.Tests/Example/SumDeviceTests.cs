using System.Reflection;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Example;

/// <summary>The example of docs/own-device.md, hosted by a test: the guest's part is played by hand.</summary>
public sealed class SumDeviceTests : IMsiSink, IDisposable
{
    private const ulong Buffer = 0x1000;
    private const ulong MessageAddress = 0xFEE0_0000;
    private const uint MessageData = 0x41;
    private const ulong MsixTable = 0x1000;

    /// <summary>Only a hang takes as long.</summary>
    private static readonly TimeSpan _guard = TimeSpan.FromSeconds(30);

    private readonly HostMemory _ram = new("ram", 0x10_0000);
    private readonly DeviceCounters _counters = new("sum", Road.Emulated);
    private readonly GuestMemory _memory;
    private readonly SumDevice _device;
    private TaskCompletionSource<uint> _interrupted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SumDeviceTests()
    {
        AddressSpace space = new("memory");
        space.MapMemory("RAM", 0, _ram, 0, _ram.Length);
        _memory = new GuestMemory(space);
        _device = new SumDevice("sum", new DmaTarget(_memory, this, _counters), _counters);
        PciBar bar = _device.Function.Bars[0];
        bar.Write(MsixTable, 8, MessageAddress);
        bar.Write(MsixTable + 8, 8, MessageData);
        _device.Function.WriteConfig(Capability(0x11) + 2, 2, 0x8000);
        _device.Function.WriteConfig(0x04, 2, 6);
    }

    [Fact]
    public async Task Start_AddsUpTheBuffer_AndInterrupts()
    {
        byte[] bytes = [.. Enumerable.Range(0, 10_000).Select(i => (byte)i)];
        Assert.True(_memory.TryWrite(Buffer, bytes));

        Assert.Equal(SumDevice.Done, await Run(Buffer, (uint)bytes.Length));

        Assert.Equal((ulong)bytes.Sum(value => value), Read(SumDevice.Sum));
        Assert.Equal((10_000, 1, 1), (_counters.Read().DmaReadBytes, _counters.Read().Interrupts, _counters.Read().Requests));
    }

    [Theory]
    [InlineData(0xF_FFFF, 2)]
    [InlineData(ulong.MaxValue, 16)]
    [InlineData(0, uint.MaxValue)]
    public async Task Start_WithWhatIsNotMemory_Fails(ulong address, uint length) =>
        Assert.Equal(SumDevice.Failed, await Run(address, length));

    [Fact]
    public async Task Reset_ForgetsEverything()
    {
        _ = await Run(Buffer, 16);
        const uint FunctionLevelReset = 1 << 15;
        _device.Function.WriteConfig(Capability(0x10) + 8, 2, FunctionLevelReset);
        Assert.Equal(SumDevice.Idle, Read(SumDevice.Status));
        Assert.Equal(0UL, Read(SumDevice.Length));
    }

    [Fact]
    public void Register_InAnotherSize_IsRefused() =>
        Assert.Equal(AccessStatus.InvalidSize, _device.Function.Bars[0].Read(SumDevice.Status, 1, out _));

    [Fact]
    public void Page_QuotesTheExampleAsItIs() => Assert.Contains(Resource("SumDevice.cs"), Resource("own-device.md"), StringComparison.Ordinal);

    void IMsiSink.Signal(ushort requesterId, ulong address, uint data)
    {
        if (address == MessageAddress)
        {
            _interrupted.TrySetResult(data);
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _ram.Dispose();
    }

    private static string Resource(string name)
    {
        using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private async Task<ulong> Run(ulong address, uint length)
    {
        _interrupted = new TaskCompletionSource<uint>(TaskCreationOptions.RunContinuationsAsynchronously);
        PciBar bar = _device.Function.Bars[0];
        bar.Write(SumDevice.Address, 8, address);
        bar.Write(SumDevice.Length, 4, length);
        bar.Write(SumDevice.Start, 4, 1);
        Assert.Equal(MessageData, await _interrupted.Task.WaitAsync(_guard, TestContext.Current.CancellationToken));
        return Read(SumDevice.Status);
    }

    private ulong Read(ulong register)
    {
        Assert.Equal(AccessStatus.Done, _device.Function.Bars[0].Read(register, 4, out ulong value));
        return value;
    }

    private int Capability(byte id)
    {
        int offset = (int)_device.Function.ReadConfig(0x34, 1);
        while (_device.Function.ReadConfig(offset, 1) != id)
        {
            offset = (int)_device.Function.ReadConfig(offset + 1, 1);
            Assert.NotEqual(0, offset);
        }

        return offset;
    }
}
