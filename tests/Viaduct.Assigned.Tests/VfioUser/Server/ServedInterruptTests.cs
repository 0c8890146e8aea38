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

    [Fact]
    public void Pin_IsSilentWhileItIsMasked()
    {
        const uint Mask = IrqSetMessage.Mask | IrqSetMessage.DataNone;
        Assert.Equal(0, _client.SetIrqs(Intx, Connect, 0, 1, _first));
        Assert.Equal(0, _client.SetIrqs(Intx, Mask, 0, 1));
        _device.Pin.Set(true);
        Assert.False(_first.TryConsume());
        IrqSetMessage unmask = new() { ArgSize = 21, Flags = IrqSetMessage.Unmask | IrqSetMessage.DataBool, Index = Intx, Count = 1 };
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceSetIrqs, unmask, [0]));
        Assert.False(_first.TryConsume());
        Assert.Equal(0, _client.Ask(VfioUserCommand.DeviceSetIrqs, unmask, [1]));
        Assert.True(_first.TryConsume());
    }

    [Fact]
    public void Pin_ConnectedAnew_IsUnmasked()
    {
        Assert.Equal(0, _client.SetIrqs(Intx, Connect, 0, 1, _first));
        _device.Pin.Set(true);
        Assert.True(_first.TryConsume());
        Assert.Equal(0, _client.SetIrqs(Intx, TriggerNone, 0, 0));
        Assert.Equal(0, _client.SetIrqs(Intx, Connect, 0, 1, _second));
        Assert.True(_second.TryConsume());

        // Another eventfd for the same connection changes nothing else.
        Assert.Equal(0, _client.SetIrqs(Intx, Connect, 0, 1, _first));
        Assert.False(_first.TryConsume());
    }

    [Fact]
    public void Vector_ConnectedAgain_RaisesTheNewEventFd()
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 1, _first));
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 1, _second));
        _device.Vectors.Signal(0);
        Assert.True(_second.TryConsume());
        Assert.False(_first.TryConsume());
    }

    // Kind, data and action, start and count.
    [Theory]
    [InlineData(2u, 0x3Cu, 0u, 0u)]
    [InlineData(2u, 0x18u, 0u, 1u)]
    [InlineData(2u, 0x23u, 0u, 1u)]
    [InlineData(2u, 0x61u, 0u, 1u)]
    [InlineData(2u, 0x21u, 5u, 0u)]
    [InlineData(2u, 0x21u, 1u, 0u)]
    [InlineData(2u, 0x09u, 0u, 0u)]
    [InlineData(2u, 0x11u, 0u, 0u)]
    [InlineData(2u, 0x22u, 0u, 0u)]
    [InlineData(2u, 0x24u, 0u, 0u)]
    [InlineData(2u, 0x09u, 0u, 1u)]
    [InlineData(2u, 0x22u, 0u, 1u)]
    [InlineData(3u, 0x09u, 0u, 1u)]
    [InlineData(4u, 0x09u, 0u, 1u)]
    [InlineData(3u, 0x21u, 0u, 2u)]
    [InlineData(4u, 0x21u, 0u, 2u)]
    [InlineData(0u, 0x0Cu, 0u, 1u)]
    [InlineData(0u, 0x14u, 0u, 1u)]
    public void Requests_WithoutDescriptors_ThatMakeNoSense_AreRefused(uint index, uint flags, uint start, uint count) =>
        Assert.Equal(Invalid, _client.SetIrqs(index, flags, start, count));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ChoiceOfAnotherLength_IsRefused(int length)
    {
        Assert.Equal(0, _client.SetIrqs(Msix, Connect, 0, 2, _first, _second));
        IrqSetMessage some = new() { ArgSize = (uint)(20 + length), Flags = IrqSetMessage.Trigger | IrqSetMessage.DataBool, Index = Msix, Start = 0, Count = 2 };
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceSetIrqs, some, new byte[length]));
        Assert.False(_first.TryConsume());
    }

    [Fact]
    public void DescriptorsThatNobodyAskedFor_AreRefused()
    {
        Assert.Equal(Invalid, _client.SetIrqs(Msix, TriggerNone, 0, 1, _first));
        IrqSetMessage some = new() { ArgSize = 21, Flags = IrqSetMessage.Trigger | IrqSetMessage.DataBool, Index = Msix, Start = 0, Count = 1 };
        Assert.Equal(Invalid, _client.Ask(VfioUserCommand.DeviceSetIrqs, some, [1], _first));
        Assert.Equal(Invalid, _client.SetIrqs(Msix, Connect, 0, 2, _first));
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
