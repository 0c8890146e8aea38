using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class InterruptHostTests
{
    private readonly PciFunction _function;
    private readonly MsixCapability _vectors;
    private readonly Host _host = new();

    public InterruptHostTests()
    {
        DmaTarget dma = new(new GuestMemory(new AddressSpace("memory")), new RecordingMsi(), new DeviceCounters("device", Road.Emulated));
        _function = new PciFunction("device", new PciIdentity(0x1234, 1, 0, 0x010802, 0, 0), dma, new DeviceCounters("device", Road.Emulated));
        PciBar bar = _function.AddBar(0, PciBarKind.Memory64, 0x4000);
        _ = _function.IntX;
        _vectors = _function.AddMsix(4, bar, 0, bar, 0x1000);
    }

    [Fact]
    public void Taken_MessagesPassByTableAndMasks()
    {
        _function.TakeInterrupts(_host);
        _vectors.Signal(3);
        Assert.Equal([3], _host.Messages);
        _function.TakeInterrupts(null);
        _vectors.Signal(2);
        Assert.Equal([3], _host.Messages);
    }

    [Fact]
    public void Taken_PinFollowsTheHostsChoice()
    {
        _function.IntX.Set(true);
        _function.TakeInterrupts(_host);
        Assert.True(_host.Pin);
        _host.UsesMessages = true;
        _function.UpdatePin();
        Assert.False(_host.Pin);
        Assert.True(_function.UsesMessages);
        _host.UsesMessages = false;
        _function.UpdatePin();
        Assert.True(_host.Pin);
        _function.IntX.Set(false);
        Assert.False(_host.Pin);
    }

    [Fact]
    public void InterruptCounts_AreTheCapabilities() => Assert.Equal((4, 0, 1), _function.InterruptCounts);

    private sealed class Host : IInterruptHost
    {
        public bool UsesMessages { get; set; }

        internal List<int> Messages { get; } = [];

        internal bool Pin { get; private set; }

        public void Signal(int vector) => Messages.Add(vector);

        public void SetPin(bool asserted) => Pin = asserted;
    }
}
