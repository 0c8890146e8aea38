using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>The client against a server in this process, over a pair of sockets.</summary>
public sealed unsafe class VfioUserDeviceTests : IDisposable
{
    private readonly FakeDevice _behind = new();
    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _behind.Dispose();
    }

    [Fact]
    public void Device_IsAsTheServerShowsIt()
    {
        (VfioUserDevice device, FakeServer server) = Connect();
        Assert.Equal("guest 'a'", server.Client!.Holder);
        Assert.Equal(Road.Assigned, device.Road);
        Assert.True(device.CanReset);
        Assert.Equal(0x8000UL, device.Regions[0].Size);
        AssignedArea area = Assert.Single(device.Regions[0].Areas);
        Assert.Equal((FakeDevice.MemoryPage, 0x4000UL), (area.Offset, area.Length));
        _behind.Shared.Pointer[FakeDevice.MemoryPage + 7] = 0x77;
        Assert.Equal(0x77, area.Memory.Pointer[area.MemoryOffset + 7]);
        AssignedDoorbell doorbell = Assert.Single(device.Regions[0].Doorbells);
        Assert.True(doorbell.IsWatched);
        doorbell.Signal.Signal();
        Assert.True(_behind.Doorbell.TryConsume());
        Assert.Equal(FakeDevice.Vectors, device.InterruptCount(AssignedInterrupt.Msix));
        Assert.Equal(0, device.InterruptCount(AssignedInterrupt.Error));
    }

    [Fact]
    public void Accesses_AndReset_AreTheServers()
    {
        (VfioUserDevice device, _) = Connect();
        Assert.True(device.TryWrite(0, 0x20, [1, 2, 3, 4]));
        byte[] data = new byte[4];
        Assert.True(device.TryRead(0, 0x20, data));
        Assert.Equal([1, 2, 3, 4], data);
        Assert.False(device.TryRead(0, 0x7FFE, data));
        Assert.False(device.TryRead(1, 0, data));
        Assert.True(device.TryReset());
        Assert.Equal(1, _behind.Resets);
        Assert.True(device.TryUnmaskPin());
        Assert.Equal(1, _behind.Unmasks);
        Assert.True(device.TryReadCounts(out DeviceCounts counts));
        Assert.Equal((11, TimeSpan.FromTicks(5)), (counts.Requests, counts.MonitorCpu));
    }

    [Fact]
    public void Interrupts_GoAsManyAtATimeAsTheServerTakes()
    {
        (VfioUserDevice device, _) = Connect();
        EventFd[] targets = [Own(new EventFd()), Own(new EventFd()), Own(new EventFd())];
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 1, targets));
        Assert.Equal([(AssignedInterrupt.Msix, 1, 2), (AssignedInterrupt.Msix, 3, 1)], _behind.Requests);
        _behind.Targets[(AssignedInterrupt.Msix, 3)].Signal();
        Assert.True(targets[2].TryConsume());
        Assert.True(device.TrySetInterrupts(AssignedInterrupt.Msix, 0, []));
        Assert.Empty(_behind.Targets);
    }

    [Fact]
    public void Dma_IsSharedMemory_AndMessagesWhereTheServerAsks()
    {
        (VfioUserDevice device, FakeServer server) = Connect();
        HostMemory ram = Own(new HostMemory("ram", 0x4000));
        Assert.True(device.TryMapDma(0x10_0000, ram, 0x1000, 0x2000, writable: true));
        ram.Pointer[0x1005] = 0x55;
        Assert.Equal(0x55, server.Mapped!.Pointer[5]);

        (MessageHeader header, byte[] body) = server.Ask(VfioUserCommand.DmaRead, FakeServer.Bytes(new DmaAccessMessage { Address = 0x10_0004, Count = 2 }));
        Assert.Equal(MessageFlags.Reply, header.Flags);
        Assert.Equal([0, 0x55], body[16..]);
        (header, _) = server.Ask(VfioUserCommand.DmaWrite, [.. FakeServer.Bytes(new DmaAccessMessage { Address = 0x10_1FFE, Count = 2 }), 8, 9]);
        Assert.Equal(MessageFlags.Reply, header.Flags);
        Assert.Equal(9, ram.Pointer[0x2FFF]);

        (header, _) = server.Ask(VfioUserCommand.DmaWrite, [.. FakeServer.Bytes(new DmaAccessMessage { Address = 0x10_1FFF, Count = 2 }), 8, 9]);
        Assert.True((header.Flags & MessageFlags.Error) != 0);
        Assert.True(device.TryUnmapDma(0x10_0000, 0x2000));
        (header, _) = server.Ask(VfioUserCommand.DmaRead, FakeServer.Bytes(new DmaAccessMessage { Address = 0x10_0004, Count = 2 }));
        Assert.True((header.Flags & MessageFlags.Error) != 0);
        Assert.Equal(0, ram.Pointer[0x3000]);
    }

    [Fact]
    public void Refusal_SaysWhoHoldsTheDevice()
    {
        AssignedDeviceException refused = Assert.Throws<AssignedDeviceException>(() => Connect(refusesAs: "guest 'b' holds it"));
        Assert.True(refused.IsHeld);
        Assert.Contains("guest 'b' holds it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Doorbells_AreSwitchedWhenTheServerAsks()
    {
        (VfioUserDevice device, FakeServer server) = Connect();
        using FakeMachine machine = new();
        using AssignedFunction assigned = machine.Assign(device);
        assigned.Function.WriteConfig(0xB0 + 2, 2, 0x8000);
        const ulong Doorbell = FakeMachine.Bar0 + FakeDevice.DoorbellPage;
        Assert.Null(machine.Memory.Current.Find(Doorbell)!.Memory);
        server.Ask(VfioUserCommand.ViaductDoorbellTraps, FakeServer.Bytes(new DoorbellTrapMessage()));
        Assert.NotNull(machine.Memory.Current.Find(Doorbell)!.Memory);
        int before = machine.Synchronizations;
        server.Ask(VfioUserCommand.ViaductDoorbellTraps, FakeServer.Bytes(new DoorbellTrapMessage { Armed = 1 }));
        Assert.Equal(before + 1, machine.Synchronizations);
        machine.Memory.Write(Doorbell + 4, 4, 0xABCD);
        Assert.True(_behind.Doorbell.TryConsume());
        Assert.Equal(0xABCDu, *(uint*)(_behind.Shared.Pointer + FakeDevice.DoorbellPage + 4));
        machine.Port.Remove(assigned.Function);
    }

    [Fact]
    public void UnknownCommand_IsRefused()
    {
        (_, FakeServer server) = Connect();
        Assert.True((server.Ask((VfioUserCommand)0x777, []).Header.Flags & MessageFlags.Error) != 0);
    }

    [Fact]
    public void DeadServer_IsALostDevice_ForWhoeverAsks()
    {
        (VfioUserDevice device, FakeServer server) = Connect();
        using ManualResetEventSlim lost = new();
        device.Lost += lost.Set;
        server.Die();
        Assert.True(lost.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.False(device.TryRead(0, 0, new byte[4]));
        Assert.False(device.TryReset());
        Assert.NotNull(device.LossReason);
        bool late = false;
        device.Lost += () => late = true;
        Assert.True(late);
    }

    [Fact]
    public void MuteServer_IsALostDevice()
    {
        VfioUserLimits limits = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200));
        (VfioUserDevice device, _) = Connect(limits: limits, twist: (_, header, body) =>
            new FakeServer.Twist(header, body, Send: header.Command != VfioUserCommand.DeviceReset));
        Assert.False(device.TryReset());
        Assert.Contains("didn't answer", device.LossReason, StringComparison.Ordinal);
        Assert.False(device.TryRead(0, 0, new byte[4]));
    }

    [Fact]
    public void AnswerOfTheWrongLength_IsALostDevice()
    {
        (VfioUserDevice device, _) = Connect(twist: (_, header, body) =>
            new FakeServer.Twist(header, header.Command == VfioUserCommand.RegionRead ? body[..^1] : body));
        Assert.False(device.TryRead(0, 0, new byte[4]));
        Assert.NotNull(device.LossReason);
    }

    [Fact]
    public void AnswerToNothing_IsALostDevice()
    {
        (VfioUserDevice device, _) = Connect(twist: (_, header, body) =>
        {
            if (header.Command == VfioUserCommand.RegionRead)
            {
                header.Id ^= 0x400;
            }

            return new FakeServer.Twist(header, body);
        });
        Assert.False(device.TryRead(0, 0, new byte[4]));
        Assert.Contains("nobody asked", device.LossReason, StringComparison.Ordinal);
    }

    private T Own<T>(T part)
        where T : IDisposable
    {
        _owned.Add(part);
        return part;
    }

    private (VfioUserDevice Device, FakeServer Server) Connect(
        string? refusesAs = null, VfioUserLimits? limits = null, Func<int, MessageHeader, byte[], FakeServer.Twist>? twist = null)
    {
        (MessageSocket client, MessageSocket server) = MessageSocket.Pair();
        FakeServer serving = Own(new FakeServer(server, _behind, twist) { RefusesAs = refusesAs });
        return (Own(new VfioUserDevice("vfio-user:test", client, "guest 'a'", limits)), serving);
    }
}
