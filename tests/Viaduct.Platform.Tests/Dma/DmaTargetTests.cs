using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Tests.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Dma;

public sealed class DmaTargetTests : IDisposable
{
    private readonly HostMemory _ram = new("ram", 0x1000);
    private readonly RecordingMsi _msi = new();
    private readonly DeviceCounters _counters = new("device", Road.Emulated);
    private readonly DmaTarget _dma;

    public DmaTargetTests()
    {
        AddressSpace space = new("memory");
        space.MapMemory("RAM", 0, _ram, 0, 0x1000);
        _dma = new DmaTarget(new GuestMemory(space), _msi, _counters) { RequesterId = 0x0108 };
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void Revoked_NothingPasses()
    {
        HostSegment[] segments = new HostSegment[1];
        int count = 0;
        Assert.False(_dma.TryRead(0, new byte[4]));
        Assert.False(_dma.TryWrite(0, new byte[4]));
        Assert.False(_dma.TryRead(0, out int _));
        Assert.False(_dma.TryWrite(0, 1));
        Assert.False(_dma.TryGetSpan(0, 4, DmaDirection.ToDevice, out _));
        Assert.False(_dma.TryMap(0, 4, DmaDirection.ToDevice, segments, ref count));
        _dma.SignalMsi(0xFEE0_0000, 1);
        Assert.Empty(_msi.Messages);
        Assert.Equal(default, _counters.Read());
    }

    [Fact]
    public void Granted_PassesAndIsCounted_UntilRevoked()
    {
        _dma.Granted = true;
        Assert.True(_dma.TryWrite(0x10, [1, 2, 3]));
        byte[] read = new byte[2];
        Assert.True(_dma.TryRead(0x11, read));
        Assert.Equal([2, 3], read);
        _dma.SignalMsi(0xFEE0_0000, 0x31);
        Assert.Equal(((ushort)0x0108, 0xFEE0_0000UL, 0x31u), Assert.Single(_msi.Messages));
        DeviceCounts counts = _counters.Read();
        Assert.Equal((3, 2, 1), (counts.DmaWrittenBytes, counts.DmaReadBytes, counts.Interrupts));
        _dma.Granted = false;
        Assert.False(_dma.TryRead(0x11, read));
    }
}
