using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Xunit;

namespace Viaduct.Assigned.Tests.VfioUser.Server;

public sealed class ServedInterruptTests : IDisposable
{
    private const uint Intx = 0;
    private const uint Msix = 2;
    private const uint Connect = IrqSetMessage.Trigger | IrqSetMessage.DataEventFd;
    private const uint TriggerNone = IrqSetMessage.Trigger | IrqSetMessage.DataNone;
    private const uint Unmask = IrqSetMessage.Unmask | IrqSetMessage.DataNone;
    private const int Invalid = 22;

    private readonly ServedDevice _device = new();
    private readonly TestClient _client;
    private readonly EventFd _first = new();
    private readonly EventFd _second = new();

    public ServedInterruptTests()
    {
        _client = TestClient.Open(_device.Path);
        _client.Write(7, 4, 6, 0);
    }

    public void Dispose()
    {
        _client.Dispose();
        _device.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public void Vectors_RaiseTheirEventFds()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 2, 2, _first, _second));
        _device.Vectors.Signal(3);
        Assert.True(_second.TryConsume());
        Assert.False(_first.TryConsume());
        _device.Vectors.Signal(1);
        _device.Vectors.Signal(2);
        Assert.True(_first.TryConsume());
        Assert.True(_device.Function.UsesMessages);

        // Without descriptors a range is disconnected; with a count of none, all.
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 2, 1));
        _device.Vectors.Signal(2);
        Assert.False(_first.TryConsume());
        Assert.Equal(0, _client.SetIrqs(Msix, TriggerNone, 0, 0));
        _device.Vectors.Signal(3);
        Assert.False(_second.TryConsume());
        Assert.False(_device.Function.UsesMessages);
    }

    [Fact]
    public void Vectors_AreSilentWithoutBusMastering()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 1, _first));
        _client.Write(7, 4, 2, 0);
        _device.Vectors.Signal(0);
        Assert.False(_first.TryConsume());
    }

    [Fact]
    public void Client_CanRaiseThemItself()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 2, _first, _second));
        Assert.Equal(0, _client.SetIrqs(Msix, TriggerNone, 1, 1));
        Assert.True(_second.TryConsume());
        IrqSetMessage some = new() { ArgSize = 22, Flags = IrqSetMessage.Trigger | IrqSetMessage.DataBool, Index = Msix, Start = 0, Count = 2 };
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceSetIrqs, some, [1, 0]));
        Assert.True(_first.TryConsume());
        Assert.False(_second.TryConsume());
    }

    [Fact]
    public void Pin_RaisesOnce_UntilItIsUnmasked()
    {
        Assert.Equal(0, _client.SetIrqs(Intx, Connect, 0, 1, _first));
        _device.Pin.Set(true);
        Assert.True(_first.TryConsume());
        _device.Pin.Set(false);
        _device.Pin.Set(true);
        Assert.False(_first.TryConsume());
        Assert.Equal(0, _client.SetIrqs(Intx, Unmask, 0, 1));
        Assert.True(_first.TryConsume());
        _device.Pin.Set(false);
        Assert.Equal(0, _client.SetIrqs(Intx, Unmask, 0, 1));
        Assert.False(_first.TryConsume());
    }

    [Theory]
    [InlineData(2u, 36u, 3u, 2u)]
    [InlineData(2u, 36u, uint.MaxValue, 2u)]
    [InlineData(2u, 36u, 0u, 3u)]
    [InlineData(1u, 36u, 0u, 2u)]
    [InlineData(5u, 36u, 0u, 2u)]
    [InlineData(2u, 44u, 0u, 2u)]
    [InlineData(2u, 0u, 0u, 2u)]
    [InlineData(2u, 9u, 0u, 2u)]
    [InlineData(2u, 34u, 0u, 4u)]
    public void Requests_ThatMakeNoSense_AreRefused(uint index, uint flags, uint start, uint count) =>
        Assert.Equal(Invalid, _client.SetIrqs(index, flags, start, count, _first, _second));

    [Fact]
    public void WhatIsNoEventFd_IsRefused()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 1, _first));
        Assert.Equal(Invalid, _client.SetIrqs(Msix, Connect, 0, 2, _second, _device.Shared.File));
        _device.Vectors.Signal(0);
        Assert.True(_first.TryConsume());
        Assert.False(_second.TryConsume());
    }

    [Fact]
    public void Clients_EventFdsGoWithIt()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 1, _first));
        int resets = _device.Resets;
        _client.Dispose();
        Assert.True(SpinWait.SpinUntil(() => _device.Resets > resets, TimeSpan.FromSeconds(20)), "the server doesn't reset the function");
        _device.Function.WriteConfig(4, 2, 6);
        _device.Vectors.Signal(0);
        Assert.False(_first.TryConsume());
    }
}
