using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

public sealed unsafe class ServedDoorbellTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly ServedDevice _device = new();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void OtherClients_GetNone()
    {
        using TestClient client = TestClient.Open(_device.Path);
        Assert.Equal(0, Ask(client, 128));
        Assert.Equal(new RegionIoFdsMessage { ArgSize = 16 }, client.Reply<RegionIoFdsMessage>());
        Assert.Null(_device.Function.Doorbells!.Trap);
    }

    [Fact]
    public void Ours_GetThePage_AndRingIt()
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true);
        using EventFd bell = Take(client, out HostMemory page);
        *(uint*)page.Pointer = 7;
        Assert.Equal(7u, *(uint*)_device.Bells.Pointer);
        int before = _device.Rings;
        bell.Signal();
        Assert.True(SpinWait.SpinUntil(() => _device.Rings > before, _patience));
        page.Dispose();
    }

    [Fact]
    public void TooLittleRoom_SaysHowMuchIsNeeded()
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true);
        Assert.Equal(0, Ask(client, 16));
        Assert.Equal(new RegionIoFdsMessage { ArgSize = 64 }, client.Reply<RegionIoFdsMessage>());
    }

    [Fact]
    public void Arming_IsAsked_AndHoldsOnceItIsAnswered()
    {
        using TestClient client = TestClient.Open(_device.Path, isViaduct: true);
        using EventFd bell = Take(client, out HostMemory page);
        page.Dispose();
        IDoorbellTrap trap = _device.Function.Doorbells!.Trap!;
        List<uint> asked = [];
        client.OnCommand = message =>
        {
            Assert.Equal(VfioUserCommand.ViaductDoorbellTraps, message.Header.Command);
            Assert.True(message.TryRead(out DoorbellTrapMessage traps));
            asked.Add(traps.Armed);
            return [];
        };
        trap.Disarm();
        client.ServeOne();
        int before = _device.Rings;
        trap.Arm(TicketNow());
        client.ServeOne();
        Assert.Equal([0u, 1u], asked);
        Assert.True(SpinWait.SpinUntil(() => _device.Rings > before, _patience));
    }

    [Fact]
    public void ClientThatGoes_CannotRingForTheNext()
    {
        HostMemory page;
        using (TestClient client = TestClient.Open(_device.Path, isViaduct: true))
        {
            using EventFd bell = Take(client, out page);
        }

        using TestClient next = TestClient.Open(_device.Path, isViaduct: true);
        *(uint*)page.Pointer = 9;
        Assert.Equal(0u, *(uint*)_device.Bells.Pointer);
        using EventFd other = Take(next, out HostMemory own);
        *(uint*)own.Pointer = 3;
        Assert.Equal(3u, *(uint*)_device.Bells.Pointer);
        page.Dispose();
        own.Dispose();
    }

    private static int Ask(TestClient client, uint room) =>
        client.Ask(VfioUserCommand.DeviceGetRegionIoFds, new RegionIoFdsMessage { ArgSize = room, Index = 0 });

    private static EventFd Take(TestClient client, out HostMemory page)
    {
        Assert.Equal(0, Ask(client, 128));
        Assert.Equal(1u, client.Reply<RegionIoFdsMessage>().Count);
        SafeFileHandle bell = client.Last.TakeDescriptor(0)!;
        SafeFileHandle file = client.Last.TakeDescriptor(1)!;
        page = HostMemory.FromFile("doorbells", file, 0, 4096, writable: true)!;
        return EventFd.FromFile(bell)!;
    }

    // The page takes an answer only for what it has asked last.
    private static long TicketNow() => 1;
}
