using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Server;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>Our client and our server, over a socket in a folder of their own.</summary>
public sealed class ClientAndServerTests : IDisposable, IAccessHandler
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-vfio-user-");
    private readonly ServedMemory _memory = new();
    private readonly PciFunction _function;
    private readonly MsixCapability _msix;
    private readonly HostMemory _bar = new("bar", 0x4000);
    private readonly string _path;
    private readonly ulong[] _registers = new ulong[8];
    private VfioUserServer? _server;
    private int _resets;

    public ClientAndServerTests()
    {
        _path = Path.Combine(_folder.FullName, "device.sock");
        DeviceCounters counters = new("device", Road.Assigned);
        _function = new PciFunction("device", new PciIdentity(0x1B36, 0x0010, 2, 0x010802, 0x1AF4, 0x1100), _memory.NewTarget(counters), counters);
        PciBar bar = _function.AddBar(0, PciBarKind.Memory64, 0x4000);
        _function.AddExpress();
        _msix = _function.AddMsix(3, bar, 0x3000, bar, 0x3800);
        bar.Map(0, 0x40, this);
        bar.MapMemory(0x1000, _bar, 0x1000, 0x2000);
        _function.Reset += () => _resets++;
        Serve();
    }

    public void Dispose()
    {
        _server?.Dispose();
        _bar.Dispose();
        _folder.Delete(recursive: true);
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = _registers[offset / 8] & (ulong.MaxValue >> (64 - (size * 8)));
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        _registers[offset / 8] = value;
        return AccessStatus.Done;
    }

    [Fact]
    public void Registers_AndMappedMemory_AreTheFunctions()
    {
        using IAssignedDevice device = Open();
        Assert.True(device.TryWrite(0, 0x10, [1, 2, 3, 4, 5, 6, 7, 8]));
        Assert.Equal(0x0807_0605_0403_0201UL, _registers[2]);
        byte[] data = new byte[4];
        Assert.True(device.TryRead(AssignedRegion.Config, 0, data));
        Assert.Equal([0x36, 0x1B, 0x10, 0x00], data);
        AssignedArea area = Assert.Single(device.Regions[0].Areas);
        Assert.Equal((0x1000UL, 0x2000UL), (area.Offset, area.Length));
        Bytes(area.Memory)[(int)area.MemoryOffset + 0x1001] = 0x42;
        Assert.Equal(0x42, Bytes(_bar)[0x2001]);
    }

    [Fact]
    public void Dma_ReachesTheClientsMemory_WhileItIsMappedAndGranted()
    {
        using IAssignedDevice device = Open();
        using HostMemory ram = new("ram", 0x4000);
        Assert.True(device.TryMapDma(0x1_0000, ram, 0x1000, 0x2000, writable: true));
        Assert.False(_function.Dma.TryWrite(0x1_0000, 0x1234));
        Assert.True(device.TryWrite(AssignedRegion.Config, 4, [6, 0]));
        Assert.True(_function.Dma.TryWrite(0x1_0010, 0x1234));
        Assert.Equal(0x1234, BitConverter.ToInt32(Bytes(ram)[0x1010..]));
        Assert.False(_function.Dma.TryWrite(0x1_2000, 0x1234));
        Assert.True(device.TryUnmapDma(0x1_0000, 0x2000));
        Assert.False(_function.Dma.TryWrite(0x1_0010, 0x1234));
    }

    [Fact]
    public void Interrupts_RaiseTheClientsEventFds()
    {
        using IAssignedDevice device = Open();
        using EventFd target = new();
        Assert.True(device.TryWrite(AssignedRegion.Config, 4, [6, 0]));
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 2, [target]));
        _msix.Signal(1);
        Assert.False(target.TryConsume());
        _msix.Signal(2);
        Assert.True(target.TryConsume());
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 0, []));
        _msix.Signal(2);
        Assert.False(target.TryConsume());
        Assert.False(device.TrySetInterrupts(AssignedInterrupt.Msix, 3, [target]));
    }

    [Fact]
    public void SecondClient_IsRefusedUntilTheFirstIsGone_AndFindsTheDeviceAsNew()
    {
        using (IAssignedDevice device = Open())
        {
            using HostMemory ram = new("ram", 0x1000);
            Assert.True(device.TryMapDma(0, ram, 0, 0x1000, writable: true));
            AssignedDeviceException refused = Assert.Throws<AssignedDeviceException>(Open);
            Assert.True(refused.IsHeld);
            Assert.Contains("guest 'a'", refused.Message, StringComparison.Ordinal);
            Assert.True(device.TryReset());
            Assert.True(_resets >= 1);
        }

        using IAssignedDevice next = Open();
        Assert.True(next.TryWrite(AssignedRegion.Config, 4, [6, 0]));
        Assert.False(_function.Dma.TryWrite(0, 1));
    }

    [Fact]
    public async Task ServerThatIsBack_IsSeenInItsFolder()
    {
        VfioUserSource source = new(_path, "guest 'a'");
        using IAssignedDevice device = source.Open();
        TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource appeared = new(TaskCreationOptions.RunContinuationsAsynchronously);
        device.Lost += lost.SetResult;
        _server!.Dispose();
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        using IDisposable? watch = source.Watch(() => appeared.TrySetResult());
        Serve();
        await appeared.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        source.Open().Dispose();
    }

    private static unsafe Span<byte> Bytes(HostMemory memory) => new(memory.Pointer, (int)memory.Length);

    private void Serve() => _server = new VfioUserServer(_path, _function, _memory, new EventLog(TextWriter.Null));

    private IAssignedDevice Open() => new VfioUserSource(_path, "guest 'a'").Open();
}
